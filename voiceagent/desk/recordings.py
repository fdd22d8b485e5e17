"""The recordings of calls: where they lie, parts of them to hear, and their shape to draw.

In: a call's identifier. Out: the whole recording once it is finished; before that, parts of what is
on the disk so far. The recorder gives a recording its name when it is whole; until then it is
``*.partial``, its header says nothing of its length, and its last few hundred milliseconds are
still in memory. All of it blocks on the disk: use a thread, or the coroutines here, which do.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from voiceagent.calls.outputs import RECORDING
from voiceagent.desk.api_models import Peaks
from voiceagent.desk.refusals import (
    BusyError,
    NoRecordingError,
    NotRecordedYetError,
    PartTooLongError,
)

LONGEST_PART_S = 120

# A page asks for a little more than the turn, and the recorder keeps up to 8 KiB back.
_MAY_BE_MISSING_MS = 600
_SMALLEST_BUCKET_MS = 50
_MOST_BUCKETS = 4000
_CHUNK_BUCKETS = 200
_KEPT_PEAKS = 64
_PEAKS_DEADLINE_S = 30.0
_FULL_SCALE = 32768

Samples = npt.NDArray[np.int16]
"""Of both channels, shape (n, 2)."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """An open recording: where its samples begin, and how many of both channels there are."""

    file: BinaryIO
    start: int
    frames: int
    rate: int

    def read(self, first: int, count: int) -> Samples:
        self.file.seek(self.start + first * 4)
        data = self.file.read(count * 4)
        return np.frombuffer(data[: len(data) // 4 * 4], np.int16).reshape(-1, 2)


class HeardTokens:
    """Which links were used already: a player asks for a recording in many pieces, heard once."""

    def __init__(self, at_most: int = 4096) -> None:
        self._at_most = at_most
        self._used: OrderedDict[str, None] = OrderedDict()

    def is_new(self, token: str) -> bool:
        """Whether the link is used for the first time; the oldest are forgotten."""
        if token in self._used:
            return False
        self._used[token] = None
        if len(self._used) > self._at_most:
            self._used.popitem(last=False)
        return True

    def forget(self, token: str) -> None:
        """It was not used after all."""
        self._used.pop(token, None)


class Recordings:
    """The recordings under one folder, each in a folder that is named after its call.

    Args:
        folder: which.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._peaks: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._drawing = asyncio.Lock()

    def folder(self, call_id: str) -> Path:
        """Where this call's files lie; never anywhere but in a folder of its own.

        Raises:
            NoRecordingError: this can be no call's identifier.
        """
        if call_id in {"", ".", ".."} or Path(call_id).name != call_id or "\0" in call_id:
            raise NoRecordingError
        return self._folder / call_id

    def whole(self, call_id: str) -> Path | None:
        """The finished recording; None if there is none (yet). Blocks."""
        path = self.folder(call_id) / RECORDING
        return path if path.is_file() else None

    def begun(self, call_id: str) -> bool:
        """Whether there is a recording, finished or not. Blocks."""
        return self.whole(call_id) is not None or self._partial(call_id).is_file()

    async def part(self, call_id: str, from_ms: int, to_ms: int, *, live: bool) -> bytes:
        """A part of a call as a WAV file, both sides mixed.

        Args:
            call_id: which call.
            from_ms: where the part begins.
            to_ms: where it ends, at most ``LONGEST_PART_S`` later.
            live: the call runs; what is written so far can be heard.

        Raises:
            PartTooLongError: it is longer, or not even a moment.
            NotRecordedYetError: the call runs, and its recording has not come so far.
            NoRecordingError: there is no recording, or it ends before.
        """
        if not 0 <= from_ms < to_ms <= from_ms + LONGEST_PART_S * 1000:
            raise PartTooLongError(LONGEST_PART_S)
        return await asyncio.to_thread(self._part, call_id, from_ms, to_ms, live)

    async def peaks(self, call_id: str) -> bytes:
        """The shape of a finished recording as the JSON of ``Peaks``.

        One is computed at a time: it takes a core for some tenths of a second, beside live calls.

        Raises:
            NoRecordingError: there is none.
            BusyError: others took too long.
        """
        try:
            async with asyncio.timeout(_PEAKS_DEADLINE_S), self._drawing:
                return await asyncio.to_thread(self._peaks_of, call_id)
        except TimeoutError:
            raise BusyError from None

    def _partial(self, call_id: str) -> Path:
        return self.folder(call_id) / f"{RECORDING}.partial"

    def _part(self, call_id: str, from_ms: int, to_ms: int, live: bool) -> bytes:
        path = self.whole(call_id)
        growing = path is None and live
        try:
            with (path or self._partial(call_id)).open("rb") as file:
                sound = _opened(file)
                first, last = from_ms * sound.rate // 1000, to_ms * sound.rate // 1000
                missing = last - sound.frames
                if growing and missing > _MAY_BE_MISSING_MS * sound.rate // 1000:
                    raise NotRecordedYetError
                both = sound.read(first, last - first)
        except (OSError, ValueError):
            raise (NotRecordedYetError if live else NoRecordingError) from None
        if not both.size:
            raise NotRecordedYetError if growing else NoRecordingError
        return _mono_wav(both, sound.rate)

    def _peaks_of(self, call_id: str) -> bytes:
        path = self.whole(call_id)
        if path is None:
            raise NoRecordingError
        stat = path.stat()
        key = (call_id, stat.st_mtime_ns, stat.st_size)
        kept = self._peaks.get(key)
        if kept is None:
            try:
                with path.open("rb") as file:
                    kept = _shape(_opened(file)).model_dump_json().encode()
            except (OSError, ValueError):
                raise NoRecordingError from None
            self._peaks[key] = kept
        self._peaks.move_to_end(key)
        while len(self._peaks) > _KEPT_PEAKS:
            self._peaks.popitem(last=False)
        return kept


def _opened(file: BinaryIO) -> _Sound:
    """What the chunks of a RIFF file say, and its size where they say nothing yet.

    ``wave`` believes the length in the header, which is written last.

    Raises:
        ValueError: it is no 16-bit stereo WAV file.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise ValueError("no WAV file")
    rate = 0
    while len(chunk := file.read(8)) == 8:
        name, length = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name == b"data":
            start = file.tell()
            if not rate:
                break
            return _Sound(file, start, (size - start) // 4, rate)
        body = file.read(length + length % 2)
        if name == b"fmt ":
            channels, bits = (int.from_bytes(body[at : at + 2], "little") for at in (2, 14))
            if (channels, bits) != (2, 16):
                raise ValueError("not 16-bit stereo")
            rate = int.from_bytes(body[4:8], "little")
    raise ValueError("no samples")


def _mono_wav(both: Samples, rate: int) -> bytes:
    mixed = np.clip(both.astype(np.int32).sum(axis=1), -32768, 32767).astype(np.int16)
    made = io.BytesIO()
    with wave.open(made, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(mixed.tobytes())
    return made.getvalue()


def _shape(sound: _Sound) -> Peaks:
    duration_ms = sound.frames * 1000 // sound.rate
    # Longer calls are drawn more coarsely: nobody's screen is wider.
    bucket_ms = max(_SMALLEST_BUCKET_MS, -(-duration_ms // _MOST_BUCKETS // 10) * 10)
    per_bucket = bucket_ms * sound.rate // 1000
    peaks: list[list[float]] = [[], []]
    for first in range(0, sound.frames, per_bucket * _CHUNK_BUCKETS):
        both = np.abs(sound.read(first, per_bucket * _CHUNK_BUCKETS).astype(np.int32))
        rest = -len(both) % per_bucket
        buckets = np.pad(both, ((0, rest), (0, 0))).reshape(-1, per_bucket, 2).max(axis=1)
        for channel in (0, 1):
            peaks[channel] += np.round(buckets[:, channel] / _FULL_SCALE, 3).tolist()
    return Peaks(bucket_ms=bucket_ms, caller=peaks[0], agent=peaks[1])

"""Caller and human scripts, and plain recordings, read from files.

What enters: a YAML script with its clips, or any WAV/FLAC. What leaves: a
:class:`RecordedScript`, checked to the last clip, from which a recorded leg is made. A plain
recording is cut at its long pauses, so that the caller waits for an answer where the person in
the recording did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voiceagent.domain.errors import AudioFileError, InputError
from voiceagent.legs.far_end import Line, Moment, RecordedPerson
from voiceagent.legs.impairments import Impairments
from voiceagent.legs.leg import frame_bytes
from voiceagent.legs.recorded import Behaviour, RecordedLeg, RecordedLegOptions

# A pause this long in a plain recording is taken for the other side's turn.
_TURN_PAUSE_S = 1.0
_CLOSING_WAIT_MS = 2500


class _LineModel(BaseModel):
    """One line as written in a script."""

    model_config = ConfigDict(extra="forbid")

    audio: str | None = None
    text: str = ""
    keys: str | None = Field(default=None, pattern=r"^[0-9*#]+$")
    send_back: str | None = Field(default=None, max_length=500)
    hang_up: bool = False
    when: Moment = Moment.AGENT_FINISHED
    wait_ms: int = Field(default=700, ge=0, le=60_000)

    @model_validator(mode="after")
    def _one_thing(self) -> _LineModel:
        done = (self.audio, self.keys, self.send_back)
        if sum(thing is not None for thing in done) + self.hang_up != 1:
            raise ValueError("a line has exactly one of: audio, keys, send_back, hang_up")
        return self


class _ScriptModel(BaseModel):
    """A script as written."""

    model_config = ConfigDict(extra="forbid")

    id: str
    kind: Literal["caller", "human"]
    language: str = "en"
    account: str | None = None
    playbook: str | None = None
    human: str | None = None
    name: str = ""
    patience_ms: int = Field(default=12_000, ge=1000, le=120_000)
    behaviour: Behaviour = Behaviour.ACCEPT
    ring_ms: int = Field(default=1500, ge=0, le=120_000)
    lines: list[_LineModel] = Field(default_factory=list)

    @model_validator(mode="after")
    def _only_humans_send_back(self) -> _ScriptModel:
        if self.kind == "caller" and any(line.send_back is not None for line in self.lines):
            raise ValueError("only a human agent can send_back a caller")
        return self


@dataclass(frozen=True, slots=True)
class RecordedScript:
    """Everything a recorded person does on one call.

    Attributes:
        id: of the fixture, or the file's name.
        language: BCP 47 primary tag; empty if the file does not say.
        account, playbook, human: what the script was recorded for; empty if it does not say.
        name: of the person, for a human agent.
        sample_rate_hz: of the clips.
    """

    id: str
    lines: tuple[Line, ...]
    sample_rate_hz: int
    language: str = ""
    account: str = ""
    playbook: str = ""
    human: str = ""
    name: str = ""
    patience_ms: int = 12_000
    behaviour: Behaviour = Behaviour.ACCEPT
    ring_ms: int = 1500

    def leg(self, impairments: Impairments | None = None) -> RecordedLeg:
        """A fresh leg on which this person is reached."""
        person = RecordedPerson(self.lines, frame_bytes(self.sample_rate_hz), self.patience_ms)
        options = RecordedLegOptions(
            sample_rate_hz=self.sample_rate_hz,
            behaviour=self.behaviour,
            ring_ms=self.ring_ms,
            impairments=impairments or Impairments(),
        )
        return RecordedLeg(person, options)


def load_script(
    path: Path, sample_rate_hz: int = 8000, kind: Literal["caller", "human"] = "caller"
) -> RecordedScript:
    """Read a script or a recording.

    Args:
        path: ``.yaml``/``.yml`` for a script; anything else is read as audio.
        sample_rate_hz: of the leg, 8000 or 16000; clips are resampled to it once.
        kind: whose recording a plain audio file is: a caller answers the agent, a human greets
            once they are connected. A script says so itself.

    Raises:
        AudioFileError: a recording is missing, empty or no audio.
        InputError: the script does not validate.
    """
    if not path.is_file():
        raise AudioFileError(
            f"There is no file '{path}'.", "Name a WAV or FLAC file, or a caller script (.yaml)."
        )
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _from_yaml(path, sample_rate_hz)
    return _from_audio(path, sample_rate_hz, kind)


def _from_yaml(path: Path, rate: int) -> RecordedScript:
    try:
        model = _ScriptModel.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"The script '{path}' is not YAML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        raise InputError(f"The script '{path}' is wrong at {where}: {first['msg']}.") from error
    lines = tuple(
        Line(
            when=line.when,
            wait_ms=line.wait_ms,
            pcm=_pcm(read_audio(path.parent / line.audio, rate)) if line.audio else b"",
            keys=line.keys or "",
            send_back=line.send_back,
            hang_up=line.hang_up,
            text=line.text,
        )
        for line in model.lines
    )
    return RecordedScript(
        id=model.id,
        lines=lines,
        sample_rate_hz=rate,
        language=model.language,
        account=model.account or "",
        playbook=model.playbook or "",
        human=model.human or "",
        name=model.name,
        patience_ms=model.patience_ms,
        behaviour=model.behaviour,
        ring_ms=model.ring_ms,
    )


def _from_audio(path: Path, rate: int, kind: str) -> RecordedScript:
    samples = read_audio(path, rate)
    clips = _at_pauses(samples, rate)
    if not clips:
        raise AudioFileError(f"Nothing can be heard in '{path}'.", "Record it louder or again.")
    answer = Line(Moment.AGENT_FINISHED, 600)
    greeting = Line(Moment.BRIDGED, 600) if kind == "human" else answer
    first = replace(greeting, pcm=_pcm(clips[0]))
    rest = [replace(answer, pcm=_pcm(clip)) for clip in clips[1:]]
    goodbye = Line(Moment.AGENT_FINISHED, _CLOSING_WAIT_MS, hang_up=True)
    return RecordedScript(
        id=path.stem, lines=(first, *rest, goodbye), sample_rate_hz=rate, patience_ms=8000
    )


def read_audio(path: Path, rate: int) -> npt.NDArray[np.float32]:
    """A recording as mono float samples in -1..1 at ``rate``.

    Raises:
        AudioFileError: missing, empty, or not audio that libsndfile reads.
    """
    try:
        samples, found = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioFileError(
            f"'{path}' cannot be read as audio.", "Use a WAV or FLAC file."
        ) from error
    mono: npt.NDArray[np.float32] = samples.mean(axis=1).astype(np.float32)
    if mono.size == 0:
        raise AudioFileError(f"'{path}' holds no sound.")
    if found != rate:
        mono = soxr.resample(mono, found, rate, quality="HQ").astype(np.float32)
    return mono


def _at_pauses(samples: npt.NDArray[np.float32], rate: int) -> list[npt.NDArray[np.float32]]:
    """The stretches of sound between long pauses."""
    step = rate // 50
    frames = samples[: samples.size // step * step].reshape(-1, step)
    rms = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(rms > max(0.004, 0.05 * float(rms.max(initial=0.0))))
    if loud.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(loud) > _TURN_PAUSE_S * 50)
    starts = [loud[0], *loud[breaks + 1]]
    ends = [*loud[breaks], loud[-1]]
    margin = 5
    return [
        samples[max(0, (a - margin) * step) : (b + 1 + margin) * step]
        for a, b in zip(starts, ends, strict=True)
    ]


def _pcm(samples: npt.NDArray[np.float32]) -> bytes:
    return bytes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())

"""What the ear knows at each pause of recorded callers, and how long it would wait there.

In: the recordings of the bench. Out: one observation per pause, at the end of a turn or in the
middle of one; how often which wait follows; and, for whoever tunes, the weights of the signs. The
same stages as in a call look at the audio, as fast as they can instead of in real time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import soxr

from voiceagent.bench.latency.material import (
    RATE_HZ,
    ROOM_TONE,
    TELEPHONE_HZ,
    Clip,
    Material,
    Samples,
    on_the_line,
)
from voiceagent.domain.errors import InputError
from voiceagent.speech.audio import float_to_pcm
from voiceagent.speech.caller_turn import TurnAudio
from voiceagent.speech.endpointing import (
    EndpointingOptions,
    HeardSoFar,
    signs,
    silence_needed_ms,
)
from voiceagent.speech.listening_options import ListeningOptions
from voiceagent.speech.recogniser import Recogniser
from voiceagent.speech.utterances import Segment, recognise, turn_probability
from voiceagent.speech.voice_activity import SpeechOnset, VoiceActivity

LANGUAGE = "en"
SHORTEST_PAUSE_MS = 300
"""Shorter pauses end before anybody would answer."""

_FRAME = RATE_HZ // 50
_SILENCE_S = 1.0
_FADE = RATE_HZ * 15 // 1000
_SEED = 20261127


@dataclass(frozen=True, slots=True)
class Observation:
    """One pause of a caller.

    Attributes:
        heard: what was known soon after it began.
        is_end: whether the turn was over.
        pause_ms: how long it lasted; 0 at the end of a turn.
    """

    heard: HeardSoFar
    is_end: bool
    pause_ms: int = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic regression on :func:`~voiceagent.speech.endpointing.signs`."""

    bias: float
    weights: tuple[float, ...]


def observe(material: Material, recogniser: Recogniser) -> Iterator[Observation]:
    """Every pause of the clear turns and of those with a pause put in. Blocking, minutes."""
    for clip in (*material.clear, *material.pauses):
        yield from _pauses_of(_heard_on_a_telephone(clip), recogniser)


def observe_cuts(material: Material, recogniser: Recogniser) -> Iterator[Observation]:
    """The clear turns broken off behind each of their words, and whole. Blocking, minutes.

    A recording has few pauses; whoever fits weights needs more half sentences than that.
    """
    for clip in (*material.clear, *material.barge_ins, *map(_without_pause, material.pauses)):
        sound = _heard_on_a_telephone(clip)
        whole = recogniser.transcribe(sound, LANGUAGE)
        for word in whole.words[:-1]:
            broken = sound[: word.end_ms * RATE_HZ // 1000].copy()
            fade = min(_FADE, broken.size)
            broken[broken.size - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
            for last in _last(_pauses_of(broken, recogniser)):
                yield replace(last, is_end=False)
        yield from _last(_pauses_of(sound, recogniser))


def waits(observations: Iterable[Observation], *, ends: bool) -> Counter[int]:
    """How often which wait follows, in ms, at ends of turns or at pauses within them."""
    options = EndpointingOptions()
    return Counter(
        silence_needed_ms(each.heard, options)
        for each in observations
        if each.is_end is ends and (ends or each.pause_ms >= SHORTEST_PAUSE_MS)
    )


def cut_off(observations: Iterable[Observation]) -> int:
    """Pauses within a turn that outlast the wait, for a caller whose habits are not known."""
    options = EndpointingOptions()
    return sum(
        not each.is_end and each.pause_ms > silence_needed_ms(each.heard, options)
        for each in observations
    )


def fit(observations: Sequence[Observation]) -> Fit:
    """The weights that tell ends from pauses best, both counting the same.

    Raises:
        InputError: scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise InputError(
            "Fitting needs scikit-learn.", "Install voiceagent with its extra 'train'."
        ) from error
    model = LogisticRegression(class_weight="balanced")
    model.fit([signs(each.heard) for each in observations], [each.is_end for each in observations])
    return Fit(float(model.intercept_[0]), tuple(float(weight) for weight in model.coef_[0]))


def _pauses_of(sound: Samples, recogniser: Recogniser) -> Iterator[Observation]:
    noise = np.random.default_rng(_SEED).standard_normal(sound.size + int(_SILENCE_S * RATE_HZ))
    heard = (noise * ROOM_TONE).astype(np.float32)
    heard[: sound.size] += sound
    pcm = float_to_pcm(heard)
    options = ListeningOptions()
    activity, audio = VoiceActivity(RATE_HZ, options.activity), TurnAudio(RATE_HZ, options.audio)
    pauses: list[tuple[int, Segment]] = []
    onsets: list[int] = []
    for start in range(0, len(pcm) - 2 * _FRAME + 1, 2 * _FRAME):
        frame = pcm[start : start + 2 * _FRAME]
        audio.append(frame)
        for edge in activity.feed(frame):
            if isinstance(edge, SpeechOnset):
                audio.begin(edge.at)
                onsets.append(edge.at)
            else:
                pauses.append((edge.at, audio.pause(edge.at)))
    resumed = [*onsets[1:], None][: len(pauses)]
    for (at, part), onset in zip(pauses, resumed, strict=True):
        said = recognise(recogniser, part, LANGUAGE, ())
        if not said.text:
            continue
        known = HeardSoFar(
            text=said.text,
            finished=turn_probability(part),
            confidence=said.confidence,
            end_mark=said.end_mark,
            language=LANGUAGE,
        )
        pause_ms = 0 if onset is None else (onset - at) * 1000 // RATE_HZ
        yield Observation(known, onset is None, pause_ms)


def _last(observations: Iterable[Observation]) -> list[Observation]:
    return list(observations)[-1:]


def _heard_on_a_telephone(clip: Clip) -> Samples:
    """As the ear gets it: the telephone's band, upsampled the way the line's audio is."""
    narrow, _ = on_the_line(clip, wideband=False)
    wide: Samples = soxr.resample(narrow, TELEPHONE_HZ, RATE_HZ, quality="LQ").astype(np.float32)
    return wide


def _without_pause(clip: Clip) -> Clip:
    """The sentence as it was recorded: what was put in is taken out."""
    edges = [0, *(at for pause in clip.pauses for at in pause), clip.sound.size]
    kept = [clip.sound[a:b] for a, b in list(pairwise(edges))[::2]]
    gone = sum(b - a for a, b in clip.pauses)
    return replace(clip, sound=np.concatenate(kept), end=clip.end - gone, pauses=())

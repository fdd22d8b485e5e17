"""How long a caller's silence must last before their turn counts as ended.

Enters: what is known when the caller falls silent: the words so far, how finished they sound, what
the agent has just asked, how long this caller pauses. Leaves: milliseconds of silence. No single
sign is enough: a finished tone misleads in mid-sentence, the recogniser puts full stops where
somebody only breathes, and ten digits come in groups. A short wait therefore needs several signs
that agree, or an answer that is whole by what was asked. Pure; no clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from voiceagent.domain.spoken_numbers import numbers
from voiceagent.speech.turn_words import (
    asks,
    digits_at_end,
    ended,
    is_short_answer,
    names_time,
    never_ends_so,
    only_opens,
    seldom_ends_so,
    split_words,
)

__all__ = [
    "EndpointingOptions",
    "Expectation",
    "HeardSoFar",
    "is_short_answer",
    "silence_needed_ms",
]

PAUSE_MARGIN_MS = 250
"""How much longer than a third above their usual longest pause a slow caller is waited for."""
FEW_WORDS = 2
"""Up to so many words, a full stop tells little: recognisers end every scrap with one."""


# What each of the signs weighs, in log odds.
_BIAS, _WEIGHTS = -1.45, (0.77, 0.26, 0.9, -2.2)


class Expectation(StrEnum):
    """What kind of answer the agent's last question asks for."""

    OPEN = "open"
    """Anything: an open question, or none."""
    YES_NO = "yes_no"
    AMOUNT = "amount"
    DATE = "date"
    """A day or a time of day."""
    DIGITS = "digits"
    """A number said or keyed digit by digit: account, phone, invoice, postal code."""
    SPELLED = "spelled"
    """A word said letter by letter."""
    NAME = "name"


@dataclass(frozen=True, slots=True)
class EndpointingOptions:
    """How long to wait, and from which probabilities on. Waits must not fall, from first to last.

    Attributes:
        sure_ms: silence after a turn that is over by all signs.
        likely_ms: after one that is most likely over.
        unsure_ms: where the signs disagree.
        unlikely_ms: where little says that it is over.
        open_end_ms: after words that cannot be the last.
        over_sure: from this probability on, by all signs together, the turn is over beyond doubt.
        over_likely: from here on, it is most likely over.
        over_unsure: below this, little says that it is over.
        likely_from: from here on, a turn sounds finished.
        short_answer_from: from here on, a bare "yes" or "no" is taken for the whole answer.
        unlikely_below: below this, it sounds as if the caller goes on.
        falls_from: from here on, the voice falls as at the very end of a number.
        clear_from: recogniser's confidence below which its words and marks prove nothing.
        slow_from_ms: whoever pauses so long in mid-turn is waited for by their own measure.
        postal_digits: so many digits are a whole number, a postal code.
        whole_digits: so many or more are likely a whole number.
    """

    sure_ms: int = 350
    likely_ms: int = 700
    unsure_ms: int = 1000
    unlikely_ms: int = 1500
    open_end_ms: int = 1800
    over_sure: float = 0.93
    over_likely: float = 0.75
    over_unsure: float = 0.15
    likely_from: float = 0.6
    short_answer_from: float = 0.4
    unlikely_below: float = 0.25
    falls_from: float = 0.9
    clear_from: float = 0.4
    slow_from_ms: int = 500
    postal_digits: int = 5
    whole_digits: int = 8

    def __post_init__(self) -> None:
        waits = (
            self.sure_ms,
            self.likely_ms,
            self.unsure_ms,
            self.unlikely_ms,
            self.open_end_ms,
        )
        if waits[0] < 0 or list(waits) != sorted(waits):
            raise ValueError(f"the waits must rise from sure_ms to open_end_ms, not {waits}")
        if not self.over_unsure <= self.over_likely <= self.over_sure:
            raise ValueError("over_unsure, over_likely and over_sure must rise")


@dataclass(frozen=True, slots=True)
class HeardSoFar:
    """A turn that may be over.

    Attributes:
        text: what the recogniser wrote for the turn so far, with its punctuation.
        finished: Smart Turn's probability, 0..1, that the turn is over. Take the one from soon
            after the last sound: in mid-sentence it climbs with the silence.
        confidence: the recogniser's, 0..1.
        end_mark: how sure the recogniser is of the mark that ends the text, 0..1; 0 without one.
        language: BCP 47 primary tag.
        expected: what the agent has asked for.
        longest_pause_ms: the longest pauses after which this caller goes on with a turn, as far
            as this call has shown.
    """

    text: str
    finished: float
    confidence: float
    end_mark: float
    language: str
    expected: Expectation = Expectation.OPEN
    longest_pause_ms: int = 0


def silence_needed_ms(heard: HeardSoFar, options: EndpointingOptions) -> int:
    """Silence, counted from the end of speech, after which the caller's turn is over.

    Never rises with the probability that the turn is over, everything else being equal.
    """
    if _breaks_off(heard, options):
        return options.open_end_ms
    needed = _by_answer(heard, options)
    # What was hardly recognised proves nothing by its words or marks.
    if heard.confidence < options.clear_from:
        needed = max(needed, options.likely_ms)
    # Somebody who pauses for long is waited for, however finished they sound: the first half of
    # "press one to send this message, or two to add another recipient" is a sentence of its own.
    answered = heard.expected is Expectation.YES_NO and is_short_answer(heard.text, heard.language)
    if heard.longest_pause_ms >= options.slow_from_ms and not answered:
        theirs = heard.longest_pause_ms * 4 // 3 + PAUSE_MARGIN_MS
        needed = max(needed, min(theirs, options.open_end_ms))
    return needed


def _by_answer(heard: HeardSoFar, options: EndpointingOptions) -> int:
    """What the words would need by what was asked; the first rule that fits decides."""
    expected, finished = heard.expected, heard.finished
    by_signs = _by_signs(heard, options)
    short = is_short_answer(heard.text, heard.language)
    scrap = _is_scrap(heard)

    if expected is Expectation.SPELLED:
        # Between two letters the line is silent, and each letter sounds like the last.
        return max(by_signs, options.unlikely_ms)
    if expected is Expectation.DIGITS:
        return _by_digits(heard, options, by_signs)
    if expected is Expectation.YES_NO and short:
        # This is all that was asked for, however it sounds and is written.
        return options.sure_ms if finished >= options.short_answer_from else options.likely_ms
    if asks(heard.text) and finished >= options.likely_from:
        # Whoever has asked waits for the answer.
        return options.sure_ms
    if short:
        # Complete, but "yes" to an open question may be the beginning of more.
        return max(by_signs, options.likely_ms)
    if _holds_value(heard) and ended(heard.text) and finished >= options.unlikely_below:
        # What was asked for has been said. "On Friday." alone may get its time of day yet.
        return options.likely_ms if scrap else min(by_signs, options.likely_ms)
    if scrap:
        return max(by_signs, options.unsure_ms)
    return by_signs


def _by_signs(heard: HeardSoFar, options: EndpointingOptions) -> int:
    """What tone, marks and clarity together ask for, whatever was asked."""
    over = over_probability(heard)
    if over >= options.over_sure and not seldom_ends_so(heard.text, heard.language):
        return options.sure_ms
    if over >= options.over_likely:
        return options.likely_ms
    return options.unsure_ms if over >= options.over_unsure else options.unlikely_ms


def over_probability(heard: HeardSoFar) -> float:
    """How likely the turn is over by tone, marks and clarity together, 0..1.

    The recogniser ends most scraps with a full stop, but is less sure of it in mid-sentence, and
    less sure of words that were broken off; the tone misleads where the words do not. A logistic
    regression on :func:`signs`; ``voiceagent bench endpointing --fit`` fits its weights.
    """
    evidence = _BIAS + sum(w * sign for w, sign in zip(_WEIGHTS, signs(heard), strict=True))
    return 1 / (1 + math.exp(-evidence))


def signs(heard: HeardSoFar) -> tuple[float, float, float, float]:
    """Tone, mark and clarity in log odds, and 1 for a scrap of few words."""
    return (
        _log_odds(heard.finished),
        _log_odds(heard.end_mark),
        _log_odds(heard.confidence),
        float(_is_scrap(heard)),
    )


def _log_odds(probability: float) -> float:
    inside = min(max(probability, 0.01), 0.99)
    return math.log(inside / (1 - inside))


def _by_digits(heard: HeardSoFar, options: EndpointingOptions, by_signs: int) -> int:
    digits = digits_at_end(heard.text, heard.language)
    if not digits:
        # "Sure." or "Let me see." comes before the number; a refusal can wait as well.
        return max(by_signs, options.unsure_ms)
    if digits >= options.whole_digits or digits == options.postal_digits:
        if ended(heard.text) and heard.finished >= options.falls_from:
            return options.likely_ms
        likely = heard.finished >= options.likely_from
        return options.unsure_ms if likely else options.unlikely_ms
    # One group of several, unless the voice falls as at the very end.
    return options.unsure_ms if heard.finished >= options.falls_from else options.open_end_ms


def _breaks_off(heard: HeardSoFar, options: EndpointingOptions) -> bool:
    """Whether the words cannot be the last ones of a turn."""
    if never_ends_so(heard.text, heard.language) or only_opens(heard.text, heard.language):
        return True
    if is_short_answer(heard.text, heard.language):
        return False
    # "That is the bill I was asking for." may end like this, if the tone says so too.
    supported = ended(heard.text) and heard.finished >= options.likely_from
    return seldom_ends_so(heard.text, heard.language) and not supported


def _is_scrap(heard: HeardSoFar) -> bool:
    """Few words: "The bill." waits for its sentence, and "James." for the surname."""
    words = len(split_words(heard.text))
    if heard.expected is Expectation.NAME:
        return words < FEW_WORDS
    return words <= FEW_WORDS


def _holds_value(heard: HeardSoFar) -> bool:
    """Whether the amount or the day that was asked for has been said."""
    if heard.expected not in (Expectation.AMOUNT, Expectation.DATE):
        return False
    if numbers(heard.text, heard.language):
        return True
    return heard.expected is Expectation.DATE and names_time(heard.text)

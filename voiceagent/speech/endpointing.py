"""How long a caller's silence must last before their turn counts as ended.

Enters: what is known when the caller falls silent: the words so far, how finished they sound, what
the agent has just asked, how long this caller pauses. Leaves: milliseconds of silence. No single
sign is enough: a finished tone misleads in mid-sentence, the recogniser puts full stops where
somebody only breathes, and ten digits come in groups. A short wait therefore needs several signs
that agree, or an answer that is whole by what was asked. Pure; no clock.
"""

from __future__ import annotations

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
WHOLE_SENTENCE_WORDS = 5
"""From so many words on, a finished tone counts without a mark: recognisers forget some."""
FEW_WORDS = 2
"""Up to so many words, a full stop tells little: recognisers end every scrap with one."""


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
        sure_from: from this probability on, the turn sounds finished beyond doubt.
        likely_from: from here on, it sounds finished.
        short_answer_from: from here on, a bare "yes" or "no" is taken for the whole answer.
        unlikely_below: below this, it sounds as if the caller goes on.
        falls_from: from here on, the voice falls as at the very end of a number.
        clear_from: recogniser's confidence below which its words and marks prove nothing.
        sure_confidence: recogniser's confidence needed for the shortest wait: halves of sentences
            are written with full stops too, but less surely.
        very_clear_from: from this confidence on, a full stop counts against an unfinished tone.
        slow_from_ms: whoever pauses so long in mid-turn is waited for by their own measure.
        postal_digits: so many digits are a whole number, a postal code.
        whole_digits: so many or more are likely a whole number.
    """

    sure_ms: int = 350
    likely_ms: int = 700
    unsure_ms: int = 1000
    unlikely_ms: int = 1500
    open_end_ms: int = 1800
    sure_from: float = 0.8
    likely_from: float = 0.6
    short_answer_from: float = 0.4
    unlikely_below: float = 0.25
    falls_from: float = 0.9
    clear_from: float = 0.4
    sure_confidence: float = 0.75
    very_clear_from: float = 0.85
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
        if not self.unlikely_below <= self.likely_from <= self.sure_from:
            raise ValueError("unlikely_below, likely_from and sure_from must rise")


@dataclass(frozen=True, slots=True)
class HeardSoFar:
    """A turn that may be over.

    Attributes:
        text: what the recogniser wrote for the turn so far, with its punctuation.
        finished: Smart Turn's probability, 0..1, that the turn is over. Take the one from soon
            after the last sound: in mid-sentence it climbs with the silence.
        confidence: the recogniser's, 0..1.
        language: BCP 47 primary tag.
        expected: what the agent has asked for.
        longest_pause_ms: the longest pauses after which this caller goes on with a turn, as far
            as this call has shown.
    """

    text: str
    finished: float
    confidence: float
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
    few = len(split_words(heard.text)) <= FEW_WORDS

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
        return options.likely_ms if few else min(by_signs, options.likely_ms)
    if few and not (expected is Expectation.NAME and len(split_words(heard.text)) == FEW_WORDS):
        # "James." waits for the surname; "The bill." for its sentence.
        return max(by_signs, options.unsure_ms)
    return by_signs


def _by_signs(heard: HeardSoFar, options: EndpointingOptions) -> int:
    """What tone and punctuation ask for, whatever the words are."""
    if ended(heard.text):
        sure = heard.finished >= options.sure_from and heard.confidence >= options.sure_confidence
        if sure and not seldom_ends_so(heard.text, heard.language):
            return options.sure_ms
        if heard.finished >= options.likely_from and heard.confidence >= options.sure_confidence:
            return options.likely_ms
        # Words this clear with a full stop are seldom half a sentence, whatever the tone.
        clear = heard.confidence >= options.very_clear_from
        if heard.finished >= options.unlikely_below or clear:
            return options.unsure_ms
        return options.unlikely_ms
    # Without a mark, the recogniser has not heard a whole sentence, or has forgotten the mark.
    long = len(split_words(heard.text)) >= WHOLE_SENTENCE_WORDS
    if long and heard.finished >= options.sure_from:
        return options.likely_ms
    return options.unsure_ms if heard.finished >= options.likely_from else options.unlikely_ms


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
    if never_ends_so(heard.text, heard.language):
        return True
    if is_short_answer(heard.text, heard.language):
        return False
    # "That is the bill I was asking for." may end like this, if the tone says so too.
    supported = ended(heard.text) and heard.finished >= options.likely_from
    return seldom_ends_so(heard.text, heard.language) and not supported


def _holds_value(heard: HeardSoFar) -> bool:
    """Whether the amount or the day that was asked for has been said."""
    if heard.expected not in (Expectation.AMOUNT, Expectation.DATE):
        return False
    if numbers(heard.text, heard.language):
        return True
    return heard.expected is Expectation.DATE and names_time(heard.text)

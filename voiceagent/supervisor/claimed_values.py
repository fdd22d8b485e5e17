"""Which amount in a caller's sentence is said of the plan, and which of a bill.

In: a turn's text and the policy's claim phrases. Out: its sentences with the phrases found in
them, and its amounts with the role the nearest phrase gives them. "My plan costs 59 but the
invoice says 89" holds an expected and a billed amount; "can I pay 20 now" holds none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voiceagent.domain.account import Money
from voiceagent.supervisor.phrases import Match, PhraseSet
from voiceagent.supervisor.policy import ClaimWords
from voiceagent.supervisor.spoken import amounts, numbers
from voiceagent.supervisor.words import split_words

# A bare number is an amount only where nothing is counted with it and it is no label.
_COUNTS = re.compile(
    r"\s*(?:%|(?:times|days?|weeks?|months?|years?|minutes?|hours?|percent|people|invoices?|bills?"
    r"|payments?|charges?|gigabytes?|gb|mb|th|st|nd|rd|mal|tage?n?|wochen?|monate?n?|jahre?n?"
    r"|minuten?|stunden?|uhr|prozent|rechnung(?:en)?|zahlung(?:en)?|abbuchung(?:en)?)\b|\.?\s*[-/])",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:number|nummer|code|leitzahl|fiber|glasfaser|tarif|v|inv|no|nr|case|pay)[\s.#:-]*$", re.I
)
_BARE_FROM, _BARE_TO = 5, 10_000


@dataclass(frozen=True, slots=True)
class Sentence(Match):
    """A sentence and the claim phrases in it; places are of the whole text."""

    found: Mapping[ClaimWords, tuple[Match, ...]]

    def has(self, claim: ClaimWords) -> bool:
        """Whether the sentence makes this kind of claim, and not just asks or supposes."""
        return bool(self.found.get(claim)) and not self.found.get(ClaimWords.HYPOTHETICAL)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An amount the caller put forward. ``bare``: said as a mere number ("59")."""

    money: Money
    start: int
    end: int
    role: ClaimWords | None
    sentence: Match
    bare: bool
    currency_said: bool
    share_off: float

    def agrees(self, recorded: Money) -> bool:
        """Whether the record's amount can be what was meant.

        An amount said without cents stands for every amount with these units: people say "64
        dollars" for 64.50. "About" allows for more.
        """
        if self.currency_said and self.money.currency != recorded.currency:
            return False
        off = abs(self.money.minor - recorded.minor)
        if off <= self.share_off * abs(recorded.minor):
            return True
        whole = self.money.minor % 100 == 0
        return off == 0 or (whole and off < 100)


def sentences(
    text: str, languages: Sequence[str], phrases: Mapping[ClaimWords, Mapping[str, PhraseSet]]
) -> tuple[Sentence, ...]:
    """The sentences of a turn in order, each with its claim phrases."""
    words = split_words(text)
    found: dict[ClaimWords, list[Match]] = {}
    for claim, sets in phrases.items():
        for language in languages:
            if language in sets:
                found.setdefault(claim, []).extend(sets[language].find(words))
    parts = []
    for number in sorted({w.sentence for w in words}):
        mine = [w for w in words if w.sentence == number]
        later = [w.start for w in words if w.sentence > number]
        end = min(later, default=len(text))
        end = mine[0].start + len(text[mine[0].start : end].rstrip())
        inside = {
            claim: tuple(m for m in matches if mine[0].start <= m.start < end)
            for claim, matches in found.items()
        }
        parts.append(Sentence(mine[0].start, end, inside))
    return tuple(parts)


def claimed_amounts(
    text: str,
    language: str,
    currency: str,
    parts: Sequence[Sentence],
    approximate_share: float,
) -> tuple[Claimed, ...]:
    """The amounts of a turn with their roles; every amount, without role, if ``parts`` is empty."""
    exact = amounts(text, language, currency)
    values = [(a.value, a.start, a.end, False, a.explicit) for a in exact]
    for n in numbers(text, language) if parts else ():
        units = n.value
        if (
            units == int(units)
            and _BARE_FROM <= units < _BARE_TO
            and not any(a.overlaps(n.start, n.end) for a in exact)
            and not _COUNTS.match(text, n.end)
            and not _LABEL.search(text[: n.start])
        ):
            values.append((Money(int(units) * 100, currency), n.start, n.end, True, False))
    claimed = []
    whole = Sentence(0, len(text), {})
    for money, start, end, bare, currency_said in sorted(values, key=lambda v: v[1]):
        sentence = next((s for s in parts if s.start <= start < s.end), whole)
        role = _role(sentence, start, end)
        if bare and role is None:
            continue
        near = sentence.found.get(ClaimWords.APPROXIMATELY, ())
        about = any(0 <= start - m.end <= 3 for m in near)
        share = approximate_share if about else 0.0
        claimed.append(Claimed(money, start, end, role, sentence, bare, currency_said, share))
    return tuple(claimed)


def _role(sentence: Sentence, start: int, end: int) -> ClaimWords | None:
    """Expected or billed, by the phrase nearest before the amount, else the first one after."""
    if sentence.found.get(ClaimWords.HYPOTHETICAL):
        return None
    expected = sentence.found.get(ClaimWords.EXPECTED, ())
    marks = [(match, ClaimWords.EXPECTED) for match in expected]
    marks += [
        (match, ClaimWords.BILLED)
        for match in sentence.found.get(ClaimWords.BILLED, ())
        # "should be paying" is expected, though "paying" alone is billed.
        if not any(match.overlaps(other) for other in expected)
    ]
    # "59 a month": what directly follows outweighs what went before.
    for match, role in marks:
        if role is ClaimWords.EXPECTED and 0 <= match.start - end <= 3:
            return role
    before = [(m.start, role) for m, role in marks if m.start < start]
    if before:
        return max(before)[1]
    after = [(m.start, role) for m, role in marks if m.start >= end]
    return min(after)[1] if after else None

"""A second look at a finished packet, by other means than those it was checked with.

In: a packet and the turns (and record lines) it was made of. Out: the statements nothing bears
out, each with the reason. It shares no code with ``handoff.packet_check``: words and digits are
compared literally, with nothing understood. What it cannot see: a value put beside the wrong noun
of the same turn, and words that are all there in another order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.spoken_words import word_set
from voiceagent.domain.transcript import Turn

_DIGITS = re.compile(r"[\w#@$€£+-]*\d[\w.,:/@#%-]*")
_SPELLED = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|hundred|thousand|monday|tuesday|wednesday|thursday|friday|saturday"
    r"|sunday|january|february|april|june|july|august|september|october|november|december|today"
    r"|tomorrow|yesterday|zwei|drei|vier|fünf|sechs|sieben|zehn|elf|zwölf|zwanzig|hundert|tausend"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|januar|februar|märz|juni|juli"
    r"|oktober|dezember|heute|morgen|gestern)\b"
)
_QUOTED = re.compile(r'"([^"]+)"')
_NO = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|without|cannot|nicht|kein\w*|nie|niemals|nichts|ohne|"
    r"niemand\w*)\b|n['’]t\b"
)
_LACK = re.compile(
    r"\b(?:unable|fail\w*|miss\w*|lack\w*|stop\w*|wrong\w*|broken|down|cancel\w*|declin\w*|block\w*|"
    r"lost|complain\w*|about|ask\w*|whether|if|fragt|ob|beschwert|fehlt|defekt|kaputt|problem\w*)\b"
)
_FRAME = word_set(
    "customer agent colleague caller says said asks asked whether for wants want complains complain"
    " complaining that the a an to and of in on is are was were has have had will would their they"
    " them it its company company's with from by at be been this which as but if or so not no about"
    " than still also who what when how does do did can could should because after before until"
    " der die das den dem des ein eine einen einem einer kunde kundin agent kollegin kollege oder"
    " sagt fragt und ist sind hat haben wird werden nicht kein dass zu mit von auf im in am für er"
    " sie es sich bei nach an als aus wurde möchte beschwert customer's identity verified handed"
    " over"
)
ENOUGH = 0.6
_STATUS = re.compile(r"^(?:Handed over|Übergabe): |, (?:identity|Identität) ")
"""Sentences the program writes about the call itself; a model's begin with whom they tell of."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A statement of a packet that its sources do not bear out, and why."""

    text: str
    reason: str


def recheck(
    packet: Packet, turns: Sequence[Turn], records: Sequence[str] = ()
) -> list[Unsupported]:
    """Every statement of the packet that fails.

    Args:
        packet: as a human would be given it.
        turns: the conversation.
        records: lines of the record and of tools' results, if there are any.
    """
    by_number = {t.number: t.text for t in turns}
    everything = "\n".join((*by_number.values(), *records))
    found: list[Unsupported] = []
    for claim in _claims(packet):
        source = everything
        if claim.citation is not None:
            said = by_number.get(claim.citation.turn)
            if said is None or claim.citation.quote not in said:
                found.append(Unsupported(claim.text, "cites words that were not said there"))
                continue
            source = "\n".join((said, *records))
        elif claim.source in ("caller", "agent"):
            found.append(Unsupported(claim.text, "cites nothing"))
            continue
        elif claim.source != "record":
            continue  # A tool's name with its result, written by the program itself.
        found += _reasons(claim.text, source)
    for sentence in (*_SENTENCE.split(packet.matter), *_SENTENCE.split(packet.summary)):
        if not _STATUS.search(sentence):
            found += _reasons(sentence, everything)
    return list({f.text: f for f in found}.values())


def _claims(packet: Packet) -> Iterator[Claim]:
    yield from packet.facts
    yield from packet.tried
    yield from packet.promises
    yield from packet.open_questions


def _reasons(text: str, source: str) -> Iterator[Unsupported]:
    """The first thing of a statement that the source does not hold."""
    plain, held = _normal(text), _normal(source)
    for quoted in _QUOTED.findall(plain):
        if quoted.strip(" .!?;,") not in held:
            yield Unsupported(text, "quotes what was not said")
            return
    for token in (*_digits(plain), *_SPELLED.findall(plain)):
        if token not in held:
            yield Unsupported(text, f"'{token}' was not said")
            return
    for name in re.findall(r"(?<=[a-zäöüß,] )[A-ZÄÖÜ][a-zäöüß]+", _QUOTED.sub(" ", text)):
        if name.lower() not in held and name.lower() not in _FRAME:
            yield Unsupported(text, f"'{name}' was not said")
            return
    told = _QUOTED.sub(" ", plain)
    words = [w for w in re.findall(r"[^\W\d_]+", told) if w not in _FRAME]
    known = set(re.findall(r"[^\W\d_]+", held))
    there = [w for w in words if _among(w, known)]
    if len(there) < ENOUGH * len(words):
        yield Unsupported(text, "in words of its own")
        return
    if _NO.search(told) and not (_NO.search(held) or _LACK.search(held)):
        yield Unsupported(text, "denies what nobody denied")
    elif not _NO.search(told) and not _LACK.search(told) and _denied(words, source):
        yield Unsupported(text, "affirms what was denied")


def _digits(text: str) -> Iterator[str]:
    for token in _DIGITS.findall(text):
        yield token.strip(".,:-/")


def _among(word: str, known: Iterable[str]) -> bool:
    if len(word) < 5:
        return word in known
    return any(word[:5] == k[:5] or (len(word) > 6 and word[2:7] == k[:5]) for k in known)


def _denied(words: Sequence[str], source: str) -> bool:
    """Whether the one sentence that holds nearly all these words denies them, and no other."""
    if len(words) < 2:
        return False
    near = []
    for sentence in re.split(r"[.!?\n]+", _normal(source)):
        known = set(re.findall(r"[^\W\d_]+", sentence))
        if sum(_among(w, known) for w in words) >= 0.9 * len(words):
            # "No, it is stored" answers; it denies nothing that follows.
            answered = re.sub(r"^\W*(?:no|nein)\s*,", "", sentence)
            clause_denied = bool(_NO.search(answered)) and len(known) <= 2.5 * len(words)
            near.append(clause_denied)
    return bool(near) and all(near)


def _normal(text: str) -> str:
    return " ".join(text.replace("’", "'").replace("“", '"').replace("”", '"').lower().split(" "))

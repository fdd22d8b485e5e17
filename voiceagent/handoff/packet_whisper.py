"""What a human is told by ear before the bridge opens: the packet in at most fifteen seconds.

In: a packet, the human's language, the time there is. Out: plain sentences to be spoken, most
important first: who, the matter, why now, what the records show, the mood, what not to ask again,
what was promised. A sentence that does not fit is left out whole; none is cut short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.verdict import TriggerKind
from voiceagent.handoff.packet_wording import PacketWording
from voiceagent.speech.spoken_text import spoken_text

LONGEST_S = 15.0
CHARACTERS_PER_S = 16.0
"""Measured on Piper's en_US-joe-medium (17 between pauses) and eSpeak NG's German voice (16 to 18)
over sentences of 40 to 160 characters with numbers in words; the lower one counts."""
PAUSE_S = 0.35
"""After a sentence, and for a voice to begin; measured likewise, rounded up."""
_CHARACTERS_PER_DIGIT = 6
"""Of the words a digit is spoken in: "seven ", and "sixty four " for two."""
_WORDS = {
    "en": {
        "who": "{name}, {proven}.",
        "nobody": "A caller, {proven}.",
        "says": "They say: {quote}.",
        "why": "Reason for the handover: {why}.",
        "supported": "The records bear this out.",
        "against": "The records differ: {record}.",
        "record": "On record: {record}.",
        "mood": "The caller is {mood}.",
        "known": "No need to ask for {known} again.",
        "name": "name",
        "code": "postal code",
        "promised": "They were told: {promise}.",
        "and": " or ",
    },
    "de": {
        "who": "{name}, {proven}.",
        "nobody": "Ein Anruf, {proven}.",
        "says": "Das Anliegen: {quote}.",
        "why": "Grund der Übergabe: {why}.",
        "supported": "Die Unterlagen bestätigen das.",
        "against": "Die Unterlagen weichen ab: {record}.",
        "record": "In den Unterlagen: {record}.",
        "mood": "Stimmung: {mood}.",
        "known": "{known} sind schon geklärt.",
        "name": "Name",
        "code": "Postleitzahl",
        "promised": "Zugesagt wurde: {promise}.",
        "and": " und ",
    },
}


def whisper_text(packet: Packet, language: str, longest_s: float = LONGEST_S) -> str:
    """The whisper for a human, as it is written; the voice words its numbers.

    Args:
        packet: what is known of the call.
        language: the human's (BCP 47 primary tag); English for one without words here.
        longest_s: how long it may take to speak, in seconds; what does not fit is left out.
    """
    chosen: list[str] = []
    left_s = longest_s
    for sentence in _sentences(packet, language if language in _WORDS else "en"):
        takes_s = speaking_time_s(sentence, language)
        if takes_s <= left_s:
            chosen.append(sentence)
            left_s -= takes_s
    return " ".join(chosen)


def speaking_time_s(text: str, language: str) -> float:
    """An estimate, on the long side, of how long a voice takes to say this, in seconds."""
    said = spoken_text(text, language)
    digits = sum(c.isdigit() for c in said)
    characters = len(said) + digits * (_CHARACTERS_PER_DIGIT - 1)
    stops = len(re.findall(r"[.!?:;](?=\s|$)", said))
    return characters / CHARACTERS_PER_S + PAUSE_S * max(1, stops)


def _sentences(packet: Packet, tongue: str) -> Iterator[str]:
    words, wording = _WORDS[tongue], PacketWording(tongue)
    proven = wording.text("verified" if packet.identity_verified else "unverified")
    name = packet.customer_name
    yield words["who" if name else "nobody"].format(name=name, proven=proven)
    if packet.matter:
        yield _matter(packet, words)
    # That accounts differ is told with what the records show.
    kinds = [t.kind for t in packet.triggers if t.kind is not TriggerKind.CONTRADICTION]
    why = ", ".join(dict.fromkeys(map(wording.reason, kinds[:2])))
    if why:
        yield words["why"].format(why=why)
    yield from _found(packet, words)
    if packet.mood != "calm":
        yield words["mood"].format(mood=wording.mood(packet.mood))
    coded = any(c.source == "confirm_identity" for c in packet.do_not_ask_again)
    if packet.identity_verified and name and coded:
        known = words["and"].join((words["name"], words["code"]))
        yield words["known"].format(known=known)
    promise = _pressing_promise(packet)
    if promise is not None:
        yield words["promised"].format(promise=_unquoted(promise.text))


def _matter(packet: Packet, words: dict[str, str]) -> str:
    """The matter without the records' side, which has a sentence of its own."""
    text = packet.matter
    quoted = re.match(r'^[^"]*"(?P<said>.*)"(?:\.|;.*)?$', text, re.DOTALL)
    if quoted:
        return words["says"].format(quote=_unquoted(quoted["said"]))
    for contradiction in packet.contradictions:
        for side in filter(None, (contradiction.record, contradiction.other_record)):
            at = text.find(side)
            if at > 0 and ";" in text[:at]:
                text = text[: text.rindex(";", 0, at)]
    return f"{text.rstrip(' .!;')}." if not text.endswith("?") else text


def _found(packet: Packet, words: dict[str, str]) -> Iterator[str]:
    """What the records show: of a contradiction, else the first thing verified."""
    supported = next((c for c in packet.contradictions if c.supports_caller), None)
    if supported is not None:
        yield words["supported"]
        if record := supported.other_record or supported.record:
            yield words["record"].format(record=_spoken_record(record))
        return
    if packet.contradictions and packet.contradictions[0].record:
        yield words["against"].format(record=_spoken_record(packet.contradictions[0].record))
        return
    verified = next((f for f in packet.facts if f.verified and f.source == "record"), None)
    if verified is not None:
        yield words["record"].format(record=_spoken_record(verified.text))


def _pressing_promise(packet: Packet) -> Claim | None:
    """The promise that is due, else the last one made."""
    return next((p for p in packet.promises if p.due), next(reversed(packet.promises), None))


def _spoken_record(line: str) -> str:
    """A line of the record for the ear: no brackets, slashes or semicolons."""
    plain = re.sub(r"\s*\([^)]*\)", "", line)
    return re.sub(r"\s*[;/]\s*", ", ", plain).rstrip(" .,")


def _unquoted(text: str) -> str:
    """Words without quotation marks, as one sentence: marks within it become pauses."""
    plain = text.replace('"', "").strip(" .!?;,")
    return re.sub(r"[.!?](?=\s)", ",", plain)

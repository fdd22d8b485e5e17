"""What a conversation came to in two or three sentences, taken from its own words.

In: a call's reading and the sentence that tells its matter best. Out: the matter in one sentence,
and what the agent (and a human after the bridge) asked, found, did and promised. Sentences are
chosen, never written: English ones are told in the third person where that is safe
(``packet_person``), all others are quoted. Values stay as they were said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from voiceagent.domain.transcript import Speaker
from voiceagent.handoff.agent_actions import promises, says_done
from voiceagent.handoff.call_reading import CallReading
from voiceagent.handoff.packet_person import caller_told, helper_told, without_lead
from voiceagent.handoff.packet_words import REPORTING, content_words
from voiceagent.handoff.sentences import Sentence, sentences_of

HELPER_SENTENCES = 2
LONGEST_WORDS = 26
"""Longer sentences are cut at a comma or conjunction before they are told."""
_TROUBLE = re.compile(
    r"\b(?:not|n[o']t|never|no|can't|cannot|won't|doesn't|didn't|hasn't|isn't|wrong|broken|missing"
    r"|lost|late|delay\w*|cancel\w*|charged?|refund\w*|error|crash\w*|fail\w*|blocked|declined|stuck"
    r"|damaged|fault\w*|down|dead|stopped|dropp\w+|waiting|mistake|problem|issue|trouble|nicht"
    r"|kein\w*|nie|falsch\w*|kaputt|fehl\w+|verspät\w*|storn\w+|abgebucht|erstatt\w*|gesperrt"
    r"|beschädigt|gestört|ausgefallen|warte\w*|tot|weg|defekt|zurück|erhöht|ausgelaufen)\b",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:i(?:'d| would)? (?:want|need|like)|i'd like|how (?:do|can)|can (?:i|you)|trying to"
    r"|reorder|change|cancel|calling about|question about|where is"
    r"|ich (?:möchte|will|brauche|kann|warte|hab\w*)|wie kann|bitte um)\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:i|my|me|we|our|i'm|i've|ich|mein\w*|mir|mich|wir|unser\w*)\b", re.IGNORECASE
)
_FOUND = re.compile(
    r"\b(?:i (?:can )?see|we (?:can )?see|i've found|there (?:is|was|are)|was (?:blocked|caused"
    r"|left)|because|due to|the reason|is based on|that explains|the (?:warehouse|driver|system)"
    r"|leider|ich sehe|der grund|liegt (?:daran|an)|tritt auf|wurde)\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"^\W*(?:please|kindly|could you|can you|would you|will you|you can|you could|try\b|bitte|"
    r"können sie|sie können)|\bplease\b|\bbitte\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:sorry|apolog\w+|thank\w*|welcome|happy to|glad|anything else|have a (?:great|good|nice)|"
    r"how (?:can|may) i help|what can i do|you're speaking|speaking to|this is|one moment|a moment|"
    r"let me (?:have a look|check|see)|i understand|we understand|you are right|you're right|"
    r"hear from you|customer service|support|tut (?:uns|mir)|leid|danke|gern|willkommen|guten tag|"
    r"freut mich|einen moment|verstehe|mein name|sie sprechen|kann ich (?:helfen|für sie)"
    r"|am apparat|ich schaue|kümmere mich|beileid|ärgerlich|unangenehm|grüße|schönen)\b",
    re.IGNORECASE,
)


def substance(text: str) -> int:
    """How many content words a sentence has beyond greetings and talk about the talk."""
    return len({c.stem for c in content_words(without_lead(text), REPORTING)})


def tells_something(text: str) -> bool:
    """Whether a helper's sentence says what was found or advises, beyond courtesy."""
    useful = bool(_FOUND.search(text)) or bool(_ADVICE.search(text))
    return useful and substance(text) >= 3 and not _COURTESY.search(text)


def matter_score(sentence: Sentence, place: int) -> float:
    """How well a sentence of the caller tells the matter; ``place`` counts their turns from 0."""
    text = sentence.text
    words = len(text.split())
    score = min(substance(text), 10) / 10 + 0.5 * bool(_TROUBLE.search(text))
    score += 0.4 * bool(_WISH.search(text)) + 0.15 * any(c.isdecimal() for c in text)
    score += 0.15 * bool(_OWN.search(text))
    score -= 0.2 * place + 0.02 * max(0, words - LONGEST_WORDS)
    return score


def matter_sentence(reading: CallReading, main: Sentence, who: str) -> str:
    """The matter in one sentence, without its closing mark."""
    if reading.language != "de" and reading.record is None:
        told = caller_told(_shortened(main.text), who)
        if told is not None:
            return told
    quote = _shortened(main.text).rstrip(" .!;,")
    return reading.wording.text("says", who=who, quote=quote)


def helper_account(reading: CallReading) -> list[str]:
    """What the agent and humans did, in the order it was said; each one sentence."""
    return [sentence_told(sentence, reading) for sentence in _chosen(reading)]


def sentence_told(sentence: Sentence, reading: CallReading) -> str:
    """One sentence of anybody, told in the third person, or quoted; without its closing mark."""
    speaker = sentence.turn.speaker
    if speaker is Speaker.CALLER:
        who = reading.record.customer.name if reading.record else reading.wording.text("caller")
        return matter_sentence(reading, sentence, who)
    who = reading.wording.text(f"by_{speaker.value}")
    text = None
    if sentence.turn.language != "de" and reading.language != "de":
        text = helper_told(_shortened(sentence.text), who)
    if text is None:
        quote = without_lead(_shortened(sentence.text)).rstrip(" .!;,")
        text = reading.wording.text("says", who=who, quote=quote)
    return text


def _chosen(reading: CallReading) -> list[Sentence]:
    helpers = [t for t in reading.turns if t.speaker is not Speaker.CALLER]
    if not reading.caller_turns:
        return []
    first = reading.caller_turns[0].number
    topic = Counter(c.stem for t in reading.turns for c in content_words(t.text, REPORTING))
    scored: list[tuple[float, int, Sentence]] = []
    for place, turn in enumerate(helpers):
        if turn.number < first:
            continue
        for sentence in sentences_of(turn):
            score = _helper_score(sentence, topic)
            if score > 0:
                late = place / max(1, len(helpers) - 1)
                scored.append((score + 0.25 * late, len(scored), sentence))
    best = sorted(scored, key=lambda s: -s[0])[:HELPER_SENTENCES]
    return [sentence for _, _, sentence in sorted(best, key=lambda s: s[1])]


def _helper_score(sentence: Sentence, topic: Counter[str]) -> float:
    text = sentence.text
    weight = substance(text)
    deed = promises(text, sentence.turn.language) or says_done(text)
    if weight < 2 and not (weight and deed):
        return 0.0
    score = min(weight, 8) / 10
    score += 0.1 * min(4, sum(topic[c.stem] > 1 for c in content_words(text, REPORTING)))
    score += 0.6 * promises(text, sentence.turn.language) + 0.6 * says_done(text)
    score += 0.35 * bool(_ADVICE.search(text)) + 0.35 * bool(_FOUND.search(text))
    score += 0.15 * any(c.isdecimal() for c in text)
    score -= 0.8 * bool(_COURTESY.search(text))
    score -= 0.3 * text.endswith("?") * (not _ADVICE.search(text))
    return score


def _shortened(text: str) -> str:
    """A long sentence up to a comma or conjunction, from the front; its words stay in order."""
    words = text.split()
    if len(words) <= LONGEST_WORDS:
        return text
    head = " ".join(words[:LONGEST_WORDS])
    cuts = [m.start() for m in re.finditer(r",|;|\s(?:and|but|because|so|und|aber|weil)\b", head)]
    late = [cut for cut in cuts if cut > len(head) * 0.4]
    return head[: late[-1]] if late else head


def summary_sentences(sentences: Sequence[str]) -> str:
    """Sentences set one after another, each with its closing mark."""
    return " ".join(f"{s.rstrip(' .!')}." if not s.endswith("?") else s for s in sentences if s)

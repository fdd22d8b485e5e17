"""Words said over the agent that only say "I am listening".

Enters: what the recogniser wrote of a caller who spoke while the agent did. Leaves: whether it was
a back-channel ("mhm", "I see", "genau"), over which the agent goes on speaking. Words that answer,
object or call for attention are never among them, so that no "no", "stop" or "hello" is talked
over. The German "ja" is one, the English "yes" is not: there, listeners say "yeah". Pure.
"""

from __future__ import annotations

import re

MOST_WORDS = 5
"""Whoever says more wants to be heard, whatever the words are."""

# How recognisers write a hum: "Mm-hmm.", "Mhm.", "Hm.", "Mm.", "M-hm."
_HUM = r"m+|h+m+|m+h+m+|uh hu[hm]|a+h+|o+h+|aha"
_ENGLISH = (
    r"yeah|yea|ya|okay|ok|o k|kay|right|all right|alright|sure|got it|got you|gotcha"
    r"|i see|i understand|i hear you|makes sense|that makes sense|fair enough|of course"
    r"|good|great|cool|fine|true|exactly|interesting|wow"
)
_GERMAN = (
    r"ja|jaja|jo|joa|jawohl|genau|okay|ok|o k|ach so|achso|ach ja|ach|so so|soso|gut|sehr gut"
    r"|alles klar|na klar|klar|verstehe|ich verstehe|verstanden|stimmt|das stimmt"
    r"|richtig|eben|in ordnung|prima|schön|interessant|natürlich|sicher|na gut"
)
_BACK_CHANNELS = {
    language: re.compile(rf"(?:{_HUM}|{phrases})(?: (?:{_HUM}|{phrases}))*")
    for language, phrases in (("en", _ENGLISH), ("de", _GERMAN))
}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")


def is_back_channel(text: str, language: str) -> bool:
    """Whether all the caller says is that they listen.

    A question never is one: "Okay?" wants an answer, and "Hm?" means "what did you say".

    Args:
        text: what was said over the agent, with its punctuation.
        language: BCP 47 primary tag; others than English and German have no back-channels.
    """
    pattern = _BACK_CHANNELS.get(language)
    words = _WORD.findall(text.lower().replace("’", "'"))
    if pattern is None or "?" in text or len(words) > MOST_WORDS:
        return False
    return bool(pattern.fullmatch(" ".join(words)))

"""Whether the caller really said what the language model hands to a tool as the caller's words.

What enters: an argument and the caller's recent words. What leaves: yes or no. Small models invent
arguments when none were given ("let me think" became a ZIP code), so a tool that changes something
or counts attempts checks what it is given. Pure. Lenient where recognition errs: a repeated digit
or a misspelt street does not count against the caller.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from voiceagent.dialogue.wording import postal_code_in

_WORD = re.compile(r"[^\W\d_]{3,}")
# Whisper's usual slips in names stay above this; another street's name does not.
_LIKE = 75
_MOST = 0.6


def was_said(value: str, heard: str, language: str) -> bool:
    """Whether ``value`` can have been taken from the words ``heard``.

    Its digits must occur among the digits heard, in their order, and most of its longer words must
    sound like words heard.
    """
    digits = re.sub(r"\D", "", value)
    if digits and not _in_order(digits, postal_code_in(heard, language)):
        return False
    spoken = _WORD.findall(heard.lower())
    wanted = _WORD.findall(value.lower())
    found = sum(any(fuzz.ratio(word, other) >= _LIKE for other in spoken) for word in wanted)
    return found >= _MOST * len(wanted)


def _in_order(digits: str, among: str) -> bool:
    rest = iter(among)
    return all(digit in rest for digit in digits)

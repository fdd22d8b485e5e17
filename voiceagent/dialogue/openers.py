"""First clauses that may be spoken before the rest of their sentence is known.

Enters: the beginning of a reply, as far as the model has written it. Leaves: how much of it may be
said already. The caller hears "I understand," while the sentence behind it is still being written
and judged, so what is let out has to be right whatever follows. It therefore comes from a short
list and nothing else does: courtesies, sympathy, and "sure,", which a "but" can follow. A statement
("your payment arrived,") is never among them, nor is a yes, a no or an "of course", which states
whatever the caller has asked. Languages without a list wait for whole sentences.
"""

from __future__ import annotations

import re

_ENGLISH = (
    r"(?:okay|ok|alright|all right|i see|got it|great|perfect|wonderful)",
    r"(?:sure|gladly|no problem|no worries)",
    r"(?:many thanks|thanks|thank you)(?: (?:very|so) much)?"
    r"(?: for (?:that|this|waiting|holding|calling|asking|telling me|letting me know|confirming"
    r"(?: that)?|your (?:patience|time|call|help|understanding)|the information))?",
    r"i (?:fully |completely |totally |really |can )?(?:understand|hear you)"
    r"(?: (?:that|you|how you feel|your (?:frustration|concerns?|worry|question)))?",
    r"(?:i(?:'m| am) (?:very |so |really |truly )?sorry|my apologies|i apologi[sz]e)"
    r"(?: (?:to hear that|(?:about|for) (?:that|this|(?:the|any) (?:trouble|confusion|wait|delay"
    r"|inconvenience))))?",
    r"i appreciate (?:that|this|your (?:patience|time|call))",
)
_GERMAN = (
    r"(?:ach so|okay|ok|gut|alles klar|verstanden|prima|sehr gut|wunderbar)",
    r"(?:(?:sehr )?gerne?|kein problem)",
    r"(?:danke(?: schön| sehr| ihnen)?|(?:vielen|herzlichen) dank|ich danke ihnen)"
    r"(?: (?:dafür|für (?:das|ihre (?:geduld|zeit|hilfe|frage|offenheit)|ihren anruf|das warten"
    r"|den hinweis|die (?:information|auskunft))))?",
    r"(?:ich verstehe|verstehe)(?: (?:sie|das|ihren ärger|ihre (?:sorgen?|frage)))?",
    r"das verstehe ich(?: gut)?",
    r"(?:das|es) tut mir (?:sehr |wirklich )?leid",
    r"(?:entschuldigung|entschuldigen sie(?: bitte)?|verzeihung)",
)
_COMMONEST = {
    "en": (
        "Sure, Okay, All right, I see, Got it, Great, Perfect, Thank you, Thanks, I understand, "
        "I'm sorry, I am sorry, No problem, I apologize, Thank you for that, Thank you for waiting"
    ),
    "de": (
        "Gerne, Gern, Okay, Gut, Alles klar, Verstanden, Danke, Vielen Dank, Ich verstehe, "
        "Verstehe, Das verstehe ich, Das tut mir leid, Es tut mir leid, Entschuldigung"
    ),
}
_MARK = r"\s?[,;–—]"
_OPENERS = {
    language: re.compile(rf"\s*(?:{'|'.join(phrases)}){_MARK}(?=\s|$)", re.IGNORECASE)
    for language, phrases in (("en", _ENGLISH), ("de", _GERMAN))
}


def opener_length(text: str, language: str) -> int:
    """How many characters at the beginning of a reply may be spoken already; 0 for none.

    What counts is a whole clause with its mark: until then the clause may still go on ("I
    understand" into "I understandably").

    Args:
        text: the reply so far.
        language: BCP 47 primary tag.
    """
    pattern = _OPENERS.get(language)
    found = pattern.match(text.replace("’", "'")) if pattern else None
    return found.end() if found else 0


def commonest_openers(language: str) -> tuple[str, ...]:
    """First clauses worth having as sound before anybody asks for them, each with its comma."""
    listed = _COMMONEST.get(language)
    return tuple(f"{opener}," for opener in listed.split(", ")) if listed else ()

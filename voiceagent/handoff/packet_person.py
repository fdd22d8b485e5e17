"""What somebody said, told by somebody else: "I've lost my card" becomes "has lost their card".

In: a sentence of the caller or of a helper. Out: the same in the third person with its subject, or
None where turning it round might change what it says; then it is quoted. Only English is turned
round: German would need its verbs conjugated. Names, numbers, amounts and dates pass as they are.
"""

from __future__ import annotations

import re

from voiceagent.domain.spoken_words import word_set
from voiceagent.handoff.sentences import is_question

_SWAPS_CALLER = {
    "i am": "they are",
    "i'm": "they are",
    "im": "they are",
    "i was": "they were",
    "i've": "they have",
    "ive": "they have",
    "i'd": "they would",
    "i'll": "they will",
    "we're": "they are",
    "we've": "they have",
    "we'll": "they will",
    "i": "they",
    "we": "they",
    "my": "their",
    "our": "their",
    "mine": "theirs",
    "ours": "theirs",
    "me": "them",
    "us": "them",
    "myself": "themselves",
    "you're": "the company is",
    "you've": "the company has",
    "you'll": "the company will",
    "you are": "the company is",
    "you have": "the company has",
    "you": "the company",
    "your": "the company's",
}
_SWAPS_HELPER = {
    "you are": "the customer is",
    "you're": "the customer is",
    "you were": "the customer was",
    "you have": "the customer has",
    "you've": "the customer has",
    "you'll": "the customer will",
    "your": "their",
    "yours": "theirs",
    "yourself": "themselves",
    "you": "the customer",
    "i am": "they are",
    "i'm": "they are",
    "i've": "they have",
    "i'll": "they will",
    "we're": "they are",
    "we've": "they have",
    "we'll": "they will",
    "i": "they",
    "we": "they",
    "my": "their",
    "our": "their",
    "me": "them",
    "us": "them",
}
_SUBJECT = re.compile(
    r"^(?P<who>i|we)(?:(?P<aux>'ve|’ve|'m|’m|'re|’re|'ll|’ll|'d|’d)| (?P<verb>[a-z']+))"
    r"(?P<rest>\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_AUX = {"'ve": "has", "'m": "is", "'re": "is", "'ll": "will", "'d": "would"}
_VERBS = {
    "am": "is",
    "are": "is",
    "was": "was",
    "were": "was",
    "have": "has",
    "haven't": "hasn't",
    "don't": "doesn't",
    "do": "does",
    "go": "goes",
    "try": "tries",
    **{
        word: word
        for word in word_set(
            "will would can could should must might had did didn't can't cannot couldn't won't"
            " wouldn't wasn't hadn't normally"
        )
    },
    **{
        word: f"{word}s"
        for word in word_set(
            "want need get keep live think pay like wonder see understand know wait work use expect"
            " believe hope call ask require receive look feel"
        )
    },
}
_PAST = re.compile(
    r"^(?:\w+ed|got|sent|paid|told|bought|left|lost|made|took|went|gave|found|spoke|"
    r"put|tried|thought|saw|came|ran|just|already|also|only|still|recently|never)$"
)
_LEADS = re.compile(
    r"^\W*(?:(?:hi|hey|hello|good (?:morning|afternoon|evening)|yes|yeah|no|well|so|and|but|oh|ok"
    r"|okay|thanks|thank you|sure|sorry|actually|right|then|great|perfect|please note that|got it"
    r"|of course|alright|absolutely|certainly|i see|i understand|um|uh|er|erm)\b(?: (?:there|all"
    r"|again|so|very much|then|guys|team))?[\s,!.:;–-]*)+",
    re.IGNORECASE,
)
# "@company" before and after, a link and a writer's initials behind: what posts carry.
_TAGS = re.compile(
    r"^\W*(?:@\w+[\s,:]*)+|(?:\s+(?:@\w+|https?://\S+|\^\w{1,3}|[-–]\s?[A-Z][a-z]+))+(?=\W*$)"
)
_COMPLAINT = re.compile(
    r"\b(?:not|never|cannot|\w+n't|wrong|broken|missing|lost|late|delayed|error|crash\w*|fail\w*|stuck"
    r"|declined|blocked|damaged|smashed|off|dead|down|still|cancelled|overcharged|charged|mistake"
    r"|nothing|nobody|no one)\b",
    re.IGNORECASE,
)
_KEPT_CAPITAL = re.compile(r"^(?:I\b|[A-Z]{2}|\w+['’]|[A-Z]\w*\d)")
_FUNCTION_WORD = re.compile(
    r"^(?:after|the|this|that|these|those|there|it|its|it's|a|an|they|their|my|our|we|you|your|on|in"
    r"|at|for|from|if|when|since|because|as|to|with|what|why|how|which|where|who|once|until|every"
    r"|all|some|any|no|not|both|he|she|his|her|is|are|can|please|nothing|nobody|somebody|someone"
    r"|today|yesterday|tomorrow|claims|train|flight|customer|tracking)$",
    re.IGNORECASE,
)


def without_lead(sentence: str) -> str:
    """The sentence without its greeting, thanks and fillers, and without a post's name tags."""
    bare = _TAGS.sub("", sentence).strip()
    rest = _LEADS.sub("", bare).strip()
    return rest or bare or sentence.strip()


def lowered(sentence: str) -> str:
    """With a small first letter, unless it may be a name's."""
    first = re.split(r"[\s,]", sentence, maxsplit=1)[0]
    if _KEPT_CAPITAL.match(first) and not _FUNCTION_WORD.match(first):
        return sentence
    return sentence[:1].lower() + sentence[1:] if _FUNCTION_WORD.match(first) else sentence


def _swap(text: str, swaps: dict[str, str]) -> str:
    keys = sorted(swaps, key=len, reverse=True)
    pattern = re.compile(
        rf"(?<![\w'])(?:{'|'.join(map(re.escape, keys))})(?![\w'-])", re.IGNORECASE
    )
    plain = text.replace("’", "'")
    return pattern.sub(lambda m: swaps[m.group().lower()], plain)


def _safe(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    shouting = len(letters) > 10 and sum(c.isupper() for c in letters) > 0.6 * len(letters)
    return (
        any(c.isalpha() for c in text)
        and '"' not in text
        and "“" not in text
        and not shouting
        and len(text.split()) <= 45
    )


def _predicate(text: str) -> str | None:
    """ "I was charged" as "was charged": what its speaker did, without the speaker."""
    match = _SUBJECT.match(text)
    if match is None:
        return None
    if match["aux"]:
        return _AUX[match["aux"].replace("’", "'").lower()] + match["rest"]
    verb = match["verb"].lower()
    if verb in _VERBS:
        return _VERBS[verb] + match["rest"]
    return verb + match["rest"] if _PAST.match(verb) else None


def caller_told(sentence: str, who: str) -> str | None:
    """What the caller said, told of ``who`` ("Customer"), without a closing mark."""
    text = without_lead(sentence).rstrip(" .!;,").strip()
    if not _safe(text):
        return None
    if is_question(text):
        return f"{who} asks: {lowered(_swap(text, _SWAPS_CALLER)).rstrip('?')}"
    predicate = _predicate(text)
    if predicate is not None:
        return f"{who} {_swap(predicate, _SWAPS_CALLER)}"
    verb = "complains that" if _COMPLAINT.search(text) else "says"
    return f"{who} {verb} {lowered(_swap(text, _SWAPS_CALLER))}"


_ASK = re.compile(
    r"^(?:(?:please|kindly)\s|(?:could|can|would|will) you (?:please |kindly )?"
    r"|(?=(?:send|check|try|click|go|open|restart|sign|log|reset|make|take|call|contact|follow|use"
    r"|visit|reply|email|let us|give|keep|enter|select|tap|press|update|turn)\s))"
    r"(?P<what>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_MAY_I = re.compile(
    r"^(?:can|may|could) (?:i|we) (?:please )?(?:have|get|ask for) (?P<what>.+)$", re.IGNORECASE
)
_WHETHER = re.compile(r"^(?P<aux>have|are|do|were) you (?P<what>.+)$", re.IGNORECASE | re.DOTALL)


def helper_told(sentence: str, who: str) -> str | None:
    """What the agent or a human said, told of ``who`` ("Agent"), without a closing mark."""
    text = without_lead(sentence).rstrip(" .!;,").strip()
    if not _safe(text):
        return None
    question = text.endswith("?")
    bare = text.rstrip("? ")
    ask, may_i, whether = _ASK.match(bare), _MAY_I.match(bare), _WHETHER.match(bare)
    if ask:
        what = re.sub(r",? please$", "", ask["what"], flags=re.IGNORECASE)
        return f"{who} asked the customer to {lowered_word(_swap(what, _SWAPS_HELPER))}"
    if question and may_i:
        what = re.sub(r",? please$", "", may_i["what"], flags=re.IGNORECASE)
        return f"{who} asked for {_swap(what, _SWAPS_HELPER)}"
    if question and whether:
        aux = {"have": "have ", "are": "are ", "were": "were ", "do": ""}[whether["aux"].lower()]
        return f"{who} asked whether they {aux}{_swap(whether['what'], _SWAPS_HELPER)}"
    if question:
        return None
    predicate = _predicate(text)
    if predicate is not None:
        return f"{who} {_swap(predicate, _SWAPS_HELPER)}"
    return f"{who} says {lowered(_swap(text, _SWAPS_HELPER))}"


def lowered_word(text: str) -> str:
    """With a small first letter: an imperative is no name; "DM" stays as it is."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]

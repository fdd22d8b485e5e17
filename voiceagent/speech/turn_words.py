"""What the words of a caller's turn tell about whether it is over.

Enters: text as the recogniser wrote it, and its language. Leaves: whether it can end like this,
whether it is a complete short answer, how many digits it ends with. Tone and timing are weighed
elsewhere; these are the words alone, in English and German. Pure.
"""

from __future__ import annotations

import re

from voiceagent.domain.spoken_dates import is_month
from voiceagent.domain.spoken_numbers import number_at
from voiceagent.domain.spoken_words import split_tokens, word_set


def is_short_answer(text: str, language: str) -> bool:
    """Whether these are all the words of a complete short answer: "Yes, please.", "Nein danke."

    Args:
        text: with or without punctuation.
        language: BCP 47 primary tag; others than English and German have no short answers.
    """
    pattern = _SHORT_ANSWERS.get(language)
    return bool(pattern and pattern.fullmatch(" ".join(split_words(text))))


def never_ends_so(text: str, language: str) -> bool:
    """Whether a turn cannot end like this: "and", "my number is", a comma, three dots."""
    text = text.rstrip().rstrip(_QUOTES)
    if text.endswith((",", ";", ":", "-", "–", "—", "…", "..")):
        return True
    words = split_words(text)
    if not words or language not in _NEVER_LAST:
        return False
    if words[-1] in _NEVER_LAST[language]:
        return True
    said = " ".join(words)
    announced = None if asks(text) else _ANNOUNCED[language].search(said)
    return bool(announced and not _INDIRECT[language].search(said[: announced.start()].rstrip()))


def only_opens(text: str, language: str) -> bool:
    """Whether these words alone only begin to say something: "I'm sorry.", "Excuse me,"."""
    openers = _OPENERS.get(language)
    return bool(openers and not asks(text) and openers.fullmatch(" ".join(split_words(text))))


def seldom_ends_so(text: str, language: str) -> bool:
    """Whether more follows in most cases, as after "for" or "ist"; never for a question."""
    words = split_words(text)
    seldom = _SELDOM_LAST.get(language, frozenset())
    return bool(words) and words[-1] in seldom and not asks(text)


def split_words(text: str) -> list[str]:
    """The words in lower case, without marks."""
    return _WORD.findall(text.lower().replace("’", "'"))


def ended(text: str) -> bool:
    """Whether the recogniser ended a sentence with it."""
    return bool(_END.search(text))


def asks(text: str) -> bool:
    """Whether it ends as a question."""
    return bool(_QUESTION.search(text))


def names_time(text: str) -> bool:
    """Whether it names a weekday, a month or a time of day in words; numbers are not looked at."""
    return any(bool(_DAY.fullmatch(word)) or is_month(word) for word in split_words(text))


def digits_at_end(text: str, language: str) -> int:
    """How many digits the text ends with, said or written, in one run or in groups."""
    tokens = split_tokens(text)
    count, at = 0, 0
    while at < len(tokens):
        token = tokens[at]
        number = None if token.numeral else number_at(tokens, at, language)
        if token.numeral:
            count += sum(character.isdecimal() for character in token.text)
        elif number:
            count += len(str(int(number.value)))
        elif token.text[0].isalpha() and token.text not in _AMONG_DIGITS:
            count = 0
        at = number.after if number else at + 1
    # "I do not have one." ends in no digit, nor does "Oh."
    words = split_words(text)
    if count == 1 and (words[-1:] == ["oh"] or (words[-1:] == ["one"] and len(words) > 1)):
        return 0
    return count


_QUOTES = "\"'”“»«)"
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_END = re.compile(rf"[.!?][{_QUOTES}]*\s*$")
_QUESTION = re.compile(rf"\?[{_QUOTES}]*\s*$")
_AMONG_DIGITS = word_set("double triple and und dash minus slash strich bindestrich")
_DAY = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|yesterday|tonight|noon|midnight"
    r"|mornings?|afternoons?|evenings?|now|later|first|second|third|fourth|fifth|sixth|seventh|eighth"
    r"|ninth|tenth|eleventh|twelfth|\w+teenth|\w+tieth"
    r"|(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|sonnabends?|heute|morgens?|übermorgen"
    r"|(?:vor)?gestern|(?:vor|nach)?mittags?|abends?|mitternacht"
    r"|jetzt|später|(?:ers|zwei|drit|vier|fünf|sechs|sieb|ach|neun|\w*zehn|elf|zwölf|\w+zigs)ten?"
)

# Words no sentence ends with, in either of its forms; a full stop behind them is a mistake.
_NEVER_LAST = {
    "en": word_set(
        "a an the my your our their and or but because if unless although whether than as"
        " um uh uhm erm er i'm i've i'd i'll it's that's there's we're we've they're you're"
        " from into onto during between every whose very"
    ),
    "de": word_set(
        "und oder aber sondern sowie weil dass ob wenn falls obwohl"
        " mein meine meinen meinem meiner unser unsere unseren unserem eure eines"
        " äh ähm öh öhm hm für von vom im am zum zur beim ins ans gegen ohne seit wegen während"
        " des den dem sehr zwischen"
    ),
}
# Words a sentence seldom ends with: prepositions and verbs ("Who is this for?", "Yes, I am."),
# German articles that also stand alone, and first parts of verbs ("Ich rufe Sie an.").
_SELDOM_LAST = {
    "en": word_set(
        "to of for with at in on by about is are was were am be i he she we they that which"
        " who when where how what so like have has had do does did will would can could should"
        " about since until want need his her its some any this these those just also then maybe"
    ),
    "de": word_set(
        "der die das ein eine einen einem einer ihr ihre ihren ihrem in an ab auf aus zu mit bei um"
        " nach vor über unter durch bis ist sind war waren bin habe hab hat haben hatte wird werde"
        " kann könnte möchte will soll wollte ich wir wie was wann wo als denn also nur noch"
        " keine keinen dieser diese dieses diesen"
    ),
}
# The announcement of a value that has not come.
_ANNOUNCED = {
    "en": re.compile(
        r"\b(?:(?:number|name|code|address|date|amount|total|birthday|question|problem|thing|id)"
        r"(?: is|'s| was))$"
    ),
    "de": re.compile(
        r"\b(?:(?:nummer|\w*nummer|name|postleitzahl|adresse|anschrift|datum|betrag|frage|problem)"
        r" (?:ist|war|lautet|wäre)|(?:lautet|heißt|heisst))$"
    ),
}

# Behind these words it is not announced but asked for: "I do not know what the number is."
_INDIRECT = {
    "en": re.compile(r"\b(?:what|which|where|how)(?: \S+){0,4}$"),
    "de": re.compile(r"\b(?:was|wie|welche[rs]?|ob)(?: \S+){0,4}$"),
}

_YES = {
    "en": r"(?:yes|yeah|yep|yup|yah|correct|right|exactly|sure|of course|absolutely|definitely"
    r"|certainly|indeed|okay|ok|all right|alright|fine|perfect|great)",
    "de": r"(?:ja|jawohl|jo|jep|genau|richtig|korrekt|stimmt|klar|natürlich|sicher|gerne?|okay|ok"
    r"|in ordnung|einverstanden|gut|doch|passt|sehr gerne?|auf jeden fall|unbedingt)",
}
_NO = {
    "en": r"(?:no|nope|nah|not really|not at all|never)",
    "de": r"(?:nein|nee|ne|nö|niemals|eigentlich nicht|auf keinen fall|leider nicht)",
}
_MORE = {
    "en": r"(?:please|thanks|thank you(?: very much| so much)?|speaking|it is|it's me|it isn't"
    r"|i am|i do|i did|i don't|i didn't|i'm not|i would|you can|you may|go ahead|that's me"
    r"|that is me|this is (?:he|she|me|him|her)|that(?:'s| is) (?:right|correct|fine|it|all"
    r"|everything|wrong)|that(?:'s| is) not right|that works|sir|ma'am|not (?:now|today|yet))",
    "de": r"(?:bitte(?: schön| sehr)?|danke(?: schön| sehr)?|vielen dank|am apparat|das bin ich"
    r"|bin ich|das stimmt(?: so| nicht)?|das ist (?:richtig|korrekt|falsch)|das passt|das geht"
    r"|das war(?:'s| es| alles)|das ist alles|so ist es|machen sie das|tun sie das|habe ich"
    r"|möchte ich|noch nicht|jetzt nicht|heute nicht|nicht|ich bin's|ich bin es|hier)",
}
_ALONE = {
    "en": r"hello|hi|goodbye|good bye|bye|bye bye|(?:sorry )?i (?:don't|do not) know|no idea"
    r"|(?:never|not) mind|nothing(?: else)?|none",
    "de": r"hallo|guten tag|auf wieder(?:hören|sehen)|tschüss|tschüs"
    r"|(?:das )?weiß ich (?:leider )?nicht|ich weiß (?:es )?(?:leider )?nicht"
    r"|keine ahnung|nichts(?: mehr)?|keine",
}
_OPENERS = {
    "en": re.compile(
        r"(?:oh |well |okay |yes |no )?(?:(?:i'm|i am) (?:so |very )?sorry|sorry|excuse me"
        r"|pardon me|listen|look|you know|i mean|the thing is|so|well)"
    ),
    "de": re.compile(
        r"(?:oh |also |ja |nein )?(?:(?:es )?tut mir (?:sehr )?leid|entschuldigung"
        r"|entschuldigen sie(?: bitte)?|hören sie(?: mal)?|wissen sie|also|die sache ist die|na ja)"
    ),
}
_SHORT_ANSWERS = {
    language: re.compile(
        rf"(?:(?:oh|ah|ach|well|um|uh|äh|na) )?(?:(?:{_YES[language]}|{_NO[language]})"
        rf"(?: (?:{_YES[language]}|{_NO[language]}|{_MORE[language]})){{0,3}}"
        rf"|{_MORE[language]}(?: {_MORE[language]})?|{_ALONE[language]})"
    )
    for language in ("en", "de")
}

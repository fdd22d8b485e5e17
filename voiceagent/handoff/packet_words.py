"""Words of a statement that carry meaning, and whether they are denied.

In: text in English or German. Out: its content words as stems under which forms of one word are
alike ("charged", "charges"), each with whether it stands under a negation. Comparing what a
language model wrote with what was said begins here. Stems are cut by rule, not looked up: two words
may share one by chance, which is why values and names are compared exactly elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from voiceagent.domain.spoken_words import word_set

_WORD = re.compile(r"#[\w-]+#|[^\W_]+(?:[-'’][^\W_]+)*")
_CLAUSE_END = re.compile(
    r"[.!?;:,()\n–—]|\s-\s|\b(?:but|because|so|although|though|while|and|then|which|since|aber|weil|"
    r"denn|obwohl|sondern|und|dann|damit|sodass)\b",
    re.IGNORECASE,
)
_EMPTY = word_set(
    # English
    "a an the this that these those there here it its he she they them their theirs his her him"
    " i me my mine we us our ours you your yours who whom whose which what when where why how is"
    " am are was were be been being do does did done doing have has had having will would shall"
    " should can could may might must of to in on at by for from with about into onto over under"
    " up down out off as than then so and or but if whether because since while until after"
    " before again also just only very too more most much many some any all both each every"
    " other another such own same now still already yet ever once please hi hello hey thanks"
    " thank yes ok okay well oh really got get gets getting let like no not never nor without"
    " cannot s t re ve ll d m ago back there's it's i'm i've i'd i'll you're you've we're we've"
    " we'll they're that's"
    # German
    " der die das den dem des ein eine einer eines einem einen er sie es ihr ihre ihrer ihrem"
    " ihren ihres ihm ihn ihnen sein seine seiner seinem seinen seines ich mich mir mein meine"
    " meiner meinem meinen meines wir uns unser unsere du dich dir dein deine man sich wer was"
    " wann wo warum wie wieso welche welcher welches ist bin bist sind war waren wird werden"
    " wurde wurden hat habe haben hatte hatten kann können konnte könnte soll sollte muss müssen"
    " darf will wollen möchte von zu zum zur in im an am auf aus bei beim für mit nach seit vor"
    " über unter um bis durch gegen ohne als dass ob wenn weil denn und oder aber sondern auch"
    " nur noch schon sehr mehr so da dann hier dort jetzt nun immer mal ja nein bitte danke"
    " hallo doch eben halt dies diese dieser dieses diesem diesen jede jeder jedes alle alles"
    " nicht kein keine keinen keiner keinem nie niemand nichts"
)
REPORTING = word_set(
    # What a summary says about the talk itself: never said by either side.
    "customer caller client user agent assistant company representative support team staff say"
    " says said saying tell tells told ask asks asked asking want wants wanted complain"
    " complains complaining complained report reports reported reporting mention mentions"
    " mentioned state states stated explain explains explained inform informs informed advise"
    " advises advised offer offers offered promise promises promised request requests requested"
    " respond responds responded reply replied replies confirm confirms confirmed apologise"
    " apologises apologised apologize apologizes apologized suggest suggests suggested provide"
    " provides provided issue issues problem problems regarding upset unhappy frustrated inquire"
    " inquires inquired try tries tried need needs needed contact contacts contacted further"
    " details information help assist currently experience experiencing face facing unable due"
    " via related matter concern concerns concerned kunde kundin anrufer anruferin person"
    " mitarbeiter mitarbeiterin firma sagt sagte fragt fragte bittet bat möchte meldet meldete"
    " beschwert beschwerte erklärt erklärte bietet bot verspricht versprach berichtet berichtete"
    " probleme wünscht teilt mit gibt nennt bestätigt bestätigte entschuldigt informiert"
    " informierte verweist kündigt"
)
"""Words with which somebody tells of a conversation, in both languages."""
_NEGATIONS = word_set(
    "not no never nor none nothing nobody neither without cannot can't won't don't doesn't"
    " didn't isn't aren't wasn't weren't hasn't haven't hadn't wouldn't couldn't shouldn't dont"
    " cant wont doesnt didnt isnt wasnt hasnt havent nicht kein keine keinen keiner keinem"
    " keines nie niemals niemand niemanden nichts ohne weder nix"
)
_NEGATIVE = word_set(
    # Failing and lacking: what was said with a "not" may be told with these, and the other way.
    "not unable fail fails failed failing failure missing lack lacks lacking lost stopped"
    " refuse refused refuses refusing declined denied denies without impossible unavailable"
    " wrong broken down dead cancelled canceled stuck blocked fehlt fehlen fehlgeschlagen"
    " verloren kaputt gestört defekt unmöglich abgelehnt verweigert tot weg ausgefallen stops"
    " wrongly error"
)
_FORMS = word_set(
    "sent:send paid:pay told:tell broke:break broken:break went:go gone:go took:take taken:take"
    " gave:give given:give left:leave bought:buy lost:lose kept:keep found:find made:make"
    " came:come held:hold spoke:speak spoken:speak wrote:write written:write came:come"
    " drove:drive flew:fly forgot:forget chose:choose met:meet said:say saw:see seen:see"
    " put:put sold:sell spent:spend stood:stand thought:think woke:wake bekam:bekommen"
    " kam:kommen kommt:kommen geht:gehen ging:gehen ruft:rufen rief:rufen gab:geben gibt:geben"
    " schrieb:schreiben geschrieben:schreiben lag:liegen liegt:liegen zog:ziehen gezogen:ziehen"
)
_IRREGULAR = dict(pair.split(":") for pair in _FORMS)
_ENGLISH_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es")
_GERMAN_ENDINGS = ("ungen", "ung", "eten", "ten", "ete", "tes", "ter", "tem", "est", "en", "er")


@dataclass(frozen=True, slots=True)
class Content:
    """A content word of a text: its stem, its own form, whether it is denied, and its place."""

    stem: str
    form: str
    denied: bool
    start: int


def stem(word: str) -> str:
    """What the forms of a word share, in lower case."""
    plain = word.lower().replace("’", "'").replace("ß", "ss").replace("'s", "").strip("'")
    if plain in _IRREGULAR:
        plain = _IRREGULAR[plain]
    if not plain.isalpha():
        return plain
    if plain.startswith("ge") and len(plain) > 6 and plain.endswith(("t", "en")):
        plain = plain[2:]
    for ending in (*_ENGLISH_ENDINGS, *_GERMAN_ENDINGS):
        if plain.endswith(ending) and len(plain) - len(ending) >= 4:
            plain = plain[: -len(ending)]
            break
    plain = re.sub(r"(?<=\w{3})(?:es|e|s|n|t|y|i)$", "", plain)
    # "cancelled", "cancel": a doubled letter before the ending.
    return plain[:-1] if len(plain) > 4 and plain[-1] == plain[-2] else plain


def alike(one: str, other: str) -> bool:
    """Whether two stems are taken for one word."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 5 and long.startswith(short) and len(long) - len(short) <= 4


def is_empty(word: str) -> bool:
    """Whether a word carries no meaning of its own, in either language."""
    return word.lower().replace("’", "'") in _EMPTY


def clauses(text: str) -> list[tuple[int, int]]:
    """Places of the clauses of a text; "and" ends one, since a negation rarely reaches past it."""
    places, start = [], 0
    for match in _CLAUSE_END.finditer(text):
        if re.search(r"\d$", text[: match.start()]) and re.match(r"[.,:]\d", text[match.start() :]):
            continue
        if text[start : match.start()].strip():
            places.append((start, match.start()))
        start = match.end()
    if text[start:].strip():
        places.append((start, len(text)))
    return places


def denies(text: str) -> bool:
    """Whether a negation stands in the text."""
    return any(_is_negation(m.group()) for m in _WORD.finditer(text))


def sounds_negative(text: str) -> bool:
    """Whether it denies something, or tells of failing and lacking."""
    words = {m.group().lower() for m in _WORD.finditer(text)}
    return denies(text) or bool(words & _NEGATIVE)


def _is_negation(word: str) -> bool:
    plain = word.lower().replace("’", "'")
    return plain in _NEGATIONS or plain.endswith("n't")


def content_words(text: str, passed_over: Collection[str] = ()) -> list[Content]:
    """The words that carry meaning, in order; numbers and ``passed_over`` words are left out.

    A word is denied if a negation stands anywhere before it in its clause, or ends the clause, as
    in German ("das Paket kommt nicht").
    """
    found = []
    for start, end in clauses(text):
        words = list(_WORD.finditer(text, start, end))
        denied_from = next((m.start() for m in words if _is_negation(m.group())), None)
        german_end = bool(words) and words[-1].group().lower() in ("nicht", "nie", "niemals")
        for match in words:
            word = match.group().lower().replace("’", "'")
            if word in _EMPTY or word in passed_over or _is_negation(word) or word[0].isdecimal():
                continue
            denied = denied_from is not None and (german_end or match.start() > denied_from)
            found.append(Content(stem(word), match.group(), denied, match.start()))
    return found

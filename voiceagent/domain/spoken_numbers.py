"""Numbers in speech, as people say them and as recognisers write them.

In: text and its language (BCP 47 primary tag, English unless ``de``). Out: every number with its
place: "3107", "three one zero seven", "neununddreißig", "two thousand three hundred and five".
Dates and amounts are read from the same number phrases.

Nothing is rounded or converted; a phrase that is not understood is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from voiceagent.domain.spoken_words import AND, Found, Token, spelled, split_tokens, word_set

ENGLISH_UNITS = spelled("zero one two three four five six seven eight nine") | {"oh": 0}
_ENGLISH_TEENS = spelled(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10
)
ENGLISH_TENS = spelled("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
_GERMAN_SMALL = spelled(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    " fünfzehn sechzehn siebzehn achtzehn neunzehn"
) | {"zwo": 2}
_GERMAN_TENS = spelled("zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig", 20, 10)
_POINT = {"en": "point", "de": "komma"}
_ONE_LEAD = word_set(
    "this that the which each another no any every only real right next wrong other"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number phrase: ``tokens[first:after]``. ``words``: said in words, not in digits."""

    value: Decimal
    first: int
    after: int
    words: bool

    @property
    def two_digits(self) -> bool:
        """Whether it is a whole number from 10 to 99."""
        return self.value == int(self.value) and 10 <= self.value <= 99


def numbers(text: str, language: str) -> tuple[Found[Decimal], ...]:
    """Every number, those inside amounts and dates included.

    Three or more digits said one by one ("three one zero seven") are one number. A "one" that
    stands for a thing ("this one") is none, nor is the German article.
    """
    tokens = split_tokens(text)
    found: list[Found[Decimal]] = []
    i = 0
    while i < len(tokens):
        number = number_at(tokens, i, language)
        if number is None:
            i += 1
            continue
        run = [number]
        while (more := number_at(tokens, run[-1].after, language)) and _digit(run[-1], more):
            run.append(more)
        if len(run) >= 3:
            joined = Decimal("".join(str(n.value) for n in run))
            found.append(Found(joined, tokens[i].start, tokens[run[-1].after - 1].end))
            i = run[-1].after
            continue
        pronoun = tokens[i].text == "one" and i > 0 and tokens[i - 1].text in _ONE_LEAD
        if not (pronoun or tokens[i].text == "oh"):
            end = tokens[number.after - 1].end
            found.append(Found(number.value, tokens[i].start, end))
        i = number.after
    return tuple(found)


def _digit(*run: Number) -> bool:
    return all(n.value < 10 and n.after == n.first + 1 and n.value == int(n.value) for n in run)


def number_at(tokens: list[Token], i: int, language: str) -> Number | None:
    """The number phrase that begins at this token."""
    if i >= len(tokens):
        return None
    words_at = _german_at if language == "de" else _english_at
    if tokens[i].numeral:
        value = _numeral(tokens[i].text, language)
        if value is None:
            return None
        after = i + 1
        word = tokens[after].text if after < len(tokens) else ""
        scale = {"thousand": 1000, "tausend": 1000, "million": 10**6}.get(word, 1)
        return Number(value * scale, i, after + (scale > 1), words=False)
    found = words_at(tokens, i)
    if found is None:
        return None
    value, after = Decimal(found[0]), found[1]
    if after < len(tokens) and tokens[after].text == _POINT.get(language, "point"):
        digits, at = "", after + 1
        while at < len(tokens) and (part := words_at(tokens, at)) and (part[0] < 10 or not digits):
            digits, at = digits + str(part[0]), part[1]
        if digits:
            return Number(Decimal(f"{value}.{digits}"), i, at, words=True)
    return Number(value, i, after, words=True)


def _numeral(text: str, language: str) -> Decimal | None:
    """Digits with separators; the last kind of separator is the decimal one where both occur."""
    marks = [c for c in text if c in ".,"]
    if not marks:
        return Decimal(text)
    last = marks[-1]
    tail = text.rsplit(last, 1)[1]
    grouping = "." if language == "de" else ","
    if len(set(marks)) == 2 and marks.count(last) == 1:
        grouping = "." if last == "," else ","
    elif len(marks) > 1 or (last == grouping and len(tail) == 3):
        grouping = last
        if any(len(part) != 3 for part in text.split(last)[1:]):
            return None  # 5.10.2026 and the like
    else:
        grouping = "." if last == "," else ","
    return Decimal(text.replace(grouping, "").replace(",", "."))


def german_number(word: str) -> int | None:
    """The value of a German number word, compounds included ("zweihundertneununddreißig")."""
    word = word.replace("ß", "ss")
    if word in _GERMAN_SMALL or word in _GERMAN_TENS:
        return _GERMAN_SMALL.get(word, _GERMAN_TENS.get(word))
    for name, factor in (("tausend", 1000), ("hundert", 100)):
        if name in word:
            left, right = word.split(name, 1)
            many = 1 if left in ("", "ein") else german_number(left)
            rest = (
                0
                if not right
                else 1
                if right == "eins"
                else german_number(right.removeprefix("und"))
            )
            if many is None or rest is None or not 0 < many < 1000 or rest >= factor:
                return None
            return many * factor + rest
    unit, joint, tens = word.partition("und")
    if joint and tens in _GERMAN_TENS:
        small = 1 if unit == "ein" else _GERMAN_SMALL.get(unit, 0)
        return _GERMAN_TENS[tens] + small if 0 < small < 10 else None
    return None


def _german_at(tokens: list[Token], i: int) -> tuple[int, int] | None:
    """Longest run of words that makes one number: recognisers split compounds."""
    for after in range(min(len(tokens), i + 6), i, -1):
        if all(t.text[0].isalpha() for t in tokens[i:after]):
            value = german_number("".join(t.text for t in tokens[i:after]))
            if value is not None and tokens[i].text not in AND:
                return value, after
    return None


def _small_english(tokens: list[Token], i: int) -> tuple[int, int] | None:
    word = tokens[i].text if i < len(tokens) else ""
    if word in ENGLISH_UNITS or word in _ENGLISH_TEENS:
        return ENGLISH_UNITS.get(word, _ENGLISH_TEENS.get(word, 0)), i + 1
    if word not in ENGLISH_TENS:
        return None
    after = i + 1
    unit = after + 1 if after < len(tokens) and tokens[after].text == "-" else after
    if unit < len(tokens) and ENGLISH_UNITS.get(tokens[unit].text, 0) > 0:
        return ENGLISH_TENS[word] + ENGLISH_UNITS[tokens[unit].text], unit + 1
    return ENGLISH_TENS[word], after


def _english_at(tokens: list[Token], i: int) -> tuple[int, int] | None:
    def word(at: int) -> str:
        return tokens[at].text if at < len(tokens) else ""

    scales = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
    start = (1, i + 1) if word(i) == "a" and word(i + 1) in scales else _small_english(tokens, i)
    if start is None:
        return None
    total, (current, after) = 0, start
    ceiling = 10**9
    while scale := scales.get(word(after)):
        if scale >= ceiling and scale != 100:
            break
        after += 1
        current *= scale
        if scale > 100:
            total, current, ceiling = total + current, 0, scale
        more = after + 1 if word(after) == "and" else after
        following = _small_english(tokens, more)
        if following is None:
            break
        current, after = current + following[0], following[1]
    return total + current, after

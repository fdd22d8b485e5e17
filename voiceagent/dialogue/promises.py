"""Promises in a sentence: that something will be done, or has been.

In: a sentence in English or German. Out: where it promises something, and the tool whose success
alone backs that promise; "" where no tool can (a refund, a credit, a guarantee). A sentence that
only says somebody will look whether something can be done promises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADVERBS = (
    r"(?:(?:also|then|gladly|certainly|definitely|now|just|fully|happily|immediately|personally|of"
    r" course|go ahead and|make sure to|be able to|try to|have to) )*"
)
_CHARGE = r"(?:the |that |this |your |one )(?:\w+ ){0,2}?(?:charge|fee|amount|payment|invoice|bill)"
_GIVE_BACK = (
    r"(?:refund|credit|reimburse|waive|compensate|reverse|discount"
    rf"|(?:cancel|remove|adjust|lower|reduce) {_CHARGE}"
    r"|(?:pay|give|send) (?:you |it |that |the money |your money |the amount ){1,2}back"
    r"|(?:issue|process|arrange|apply|give|get|send|offer) (?:you )?(?:a |the |your )?(?:\w+ )?"
    r"(?:refund|credit|reimbursement|discount))"
)
_GIVEN_BACK = r"(?:refunded|credited|reimbursed|waived|reversed|compensated)"
_WILL = (
    r"(?:'ll| will| can|'m going to| am going to|'re going to| are going to|'m able to"
    r"| am able to|'re able to| are able to)"
)
_NO = r"(?!(?:not|never|nicht|nie|kein\w*)\b)"
_WORDS = rf"(?:{_NO}\S+ ){{0,8}}?"
_ERSTATTEN = r"(?:(?:zurück)?erstatten|zurückzahlen|gutschreiben|erlassen|stornieren)"
_ERSTATTET = r"(?:(?:zurück)?erstattet|gutgeschrieben|erlassen|storniert|zurückgezahlt)"
_SOMEBODY = r"(?:i|we|somebody|someone|a person|a colleague)"
_JEMAND = r"(?:ich|wir|jemand|ein mensch|ein kollege|eine kollegin)"

NOBODYS = ""
"""The key of a promise that no tool of the agent keeps."""

_PROMISES: tuple[tuple[str, str], ...] = (
    # English: "we will refund", "I have credited", "it will be refunded", "you will get a credit".
    (NOBODYS, rf"\b(?:i|we|they|the team|the company){_WILL} {_ADVERBS}{_GIVE_BACK}\b"),
    (NOBODYS, rf"\b(?:i|we)(?:'ve| have)(?: just| already)? {_GIVEN_BACK}\b"),
    (
        NOBODYS,
        r"\b(?:i|we)(?:'ve| have)(?: just| already)? (?:issued|processed|applied|arranged) "
        r"(?:a |the |your )?(?:\w+ )?(?:refund|credit)\b",
    ),
    (NOBODYS, rf"(?:\bwill|'ll|\b(?:is|are) going to) be {_ADVERBS}{_GIVEN_BACK}\b"),
    (NOBODYS, rf"\b(?:has|have|was|were) (?:just |already )?(?:been )?{_GIVEN_BACK}\b"),
    (
        NOBODYS,
        rf"\byou(?:'ll| will| are going to) {_ADVERBS}(?:get|receive|have) (?:[^\s]+ ){{0,5}}?"
        r"(?:refund|credit|reimbursement|discount|back|compensation)\b",
    ),
    (NOBODYS, r"\b(?:i|we) (?:promise|guarantee|assure you)\b"),
    # German: "wir erstatten", "das erstatten wir", "ich werde ... gutschreiben", "wird erstattet".
    (NOBODYS, rf"\b(?:ich|wir) (?:werden?|können|kann) {_WORDS}{_ERSTATTEN}\b"),
    (NOBODYS, rf"\b(?:werden?|können|kann) (?:ich|wir) {_WORDS}{_ERSTATTEN}\b"),
    (NOBODYS, r"\b(?:ich|wir) (?:erstatten?|erlassen?|stornieren?)\b(?! (?:\S+ )?(?:nicht|kein))"),
    (NOBODYS, r"\b(?:erstatten?|erlassen?|stornieren?) (?:ich|wir)\b(?! (?:\S+ )?(?:nicht|kein))"),
    (NOBODYS, rf"\bschreiben? (?:ich |wir )?{_WORDS}gut\b"),
    (NOBODYS, rf"\b(?:zahlen?|überweisen?) (?:ich |wir )?{_WORDS}zurück\b"),
    (NOBODYS, rf"\b(?:wird|werden|wurden?|habe|haben|ist|sind) {_WORDS}{_ERSTATTET}\b"),
    (
        NOBODYS,
        rf"\b(?:sie (?:bekommen|erhalten|kriegen)|(?:bekommen|erhalten|kriegen) sie) {_WORDS}"
        r"(?:erstattung|rückerstattung|gutschrift|rabatt|zurück)\b",
    ),
    (NOBODYS, r"\b(?:ich|wir) (?:versprechen?|garantieren?)\b"),
    # Promises and reports of what a tool does.
    ("schedule_callback", rf"\b{_SOMEBODY}(?:'ll| will|'m going to) (?:call|ring|phone) you\b"),
    (
        "schedule_callback",
        rf"\b{_JEMAND} (?:rufen?|ruft) (?:sie|bei ihnen) {_WORDS}(?:an|zurück)\b",
    ),
    ("schedule_callback", rf"\b(?:werden?|wird) (?:ich |wir )?sie {_WORDS}(?:an|zurück)rufen\b"),
    (
        "open_case",
        r"\b(?:i|we)(?:'ve| have) (?:just )?(?:opened|created|filed|raised) (?:a|the|your) "
        r"(?:new )?(?:case|ticket)\b",
    ),
    ("open_case", rf"\b(?:fall|vorgang) {_WORDS}(?:eröffnet|angelegt|aufgenommen)\b"),
    (
        "correct_address",
        r"\b(?:i|we)(?:'ve| have) (?:just )?(?:updated|changed|corrected) (?:\w+ ){0,3}?address\b",
    ),
    ("correct_address", r"\baddress (?:has been|was|is now) (?:updated|changed|corrected)\b"),
    (
        "correct_address",
        rf"\b(?:rechnungs)?(?:adresse|anschrift) {_WORDS}(?:geändert|korrigiert|aktualisiert)\b",
    ),
)
_COMPILED = tuple((tool, re.compile(pattern, re.IGNORECASE)) for tool, pattern in _PROMISES)
_LEFT_OPEN = re.compile(
    r"\b(?:whether|ob|(?:check|see|decide|know|say|sure|ask|find out) if)\b", re.IGNORECASE
)
_CONDITIONAL = re.compile(r"\b(?:if|whether|unless|once|wenn|falls|ob|sobald)\b", re.IGNORECASE)


def promises(sentence: str) -> Iterator[tuple[str, int, int]]:
    """Each promise as the tool that backs it and its place, ``sentence[start:end]``.

    A promise that hangs on a condition counts when it is of money ("if it was double, we will
    refund it"), and not when it is of something the caller may still choose ("if you like, I will
    call you back").
    """
    found: list[tuple[int, int]] = []
    for tool, pattern in _COMPILED:
        for match in pattern.finditer(sentence):
            excuse = _CONDITIONAL if tool else _LEFT_OPEN
            start, end = match.span()
            again = any(start < e and s < end for s, e in found)
            if not again and not excuse.search(sentence[:end]):
                found.append((start, end))
                yield tool, start, end

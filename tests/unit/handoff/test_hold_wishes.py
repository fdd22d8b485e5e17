"""What callers on hold say and key, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceagent.domain.errors import PlaybookError
from voiceagent.domain.handoff_events import HoldWish
from voiceagent.handoff.hold_wishes import FILE, HoldWishes, load_hold_wishes

pytestmark = pytest.mark.unit

PROMPTS = Path(__file__).parents[3] / "prompts"
W = HoldWish


@pytest.fixture(scope="module")
def wishes() -> HoldWishes:
    return load_hold_wishes(PROMPTS)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("Cancel.", W.CANCEL),
        ("Actually, never mind.", W.CANCEL),
        ("Oh forget it, I changed my mind", W.CANCEL),
        ("Can I go back to the assistant?", W.CANCEL),
        ("I'd rather stay with you", W.CANCEL),
        ("I don't need a person anymore", W.CANCEL),
        ("please don't transfer me", W.CANCEL),
        ("How long will it take?", W.HOW_LONG),
        ("how much longer", W.HOW_LONG),
        ("Any idea when someone will be free?", W.HOW_LONG),
        ("Is this going to be much longer", W.HOW_LONG),
        ("Call me back instead.", W.CALLBACK),
        ("Can somebody just call me tomorrow?", W.CALLBACK),
        ("I can't wait that long, call me back please", W.CALLBACK),
        ("I'd like a callback", W.CALLBACK),
        ("have someone ring me", W.CALLBACK),
        ("I also moved to a new address last month", W.ADDED),
        ("The invoice number is three one zero seven.", W.ADDED),
        ("I want to cancel my contract", W.ADDED),
        ("You called me back last week already", W.ADDED),
        ("I want my money back", W.ADDED),
        ("How long have I been a customer", W.ADDED),
        ("Okay.", None),
        ("Mhm", None),
        ("", None),
    ],
)
def test_english(wishes: HoldWishes, text: str, wish: HoldWish | None) -> None:
    assert wishes.said(text, ("en",)) == ((wish,) if wish else ())


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("Abbrechen bitte.", W.CANCEL),
        ("Ach vergessen Sie es", W.CANCEL),
        ("Ich möchte doch lieber mit Ihnen reden", W.CANCEL),
        ("Sie brauchen mich nicht mehr verbinden", W.CANCEL),
        ("Das hat sich erledigt.", W.CANCEL),
        ("Wie lange dauert das noch?", W.HOW_LONG),
        ("Dauert es noch lange", W.HOW_LONG),
        ("Wann komme ich dran?", W.HOW_LONG),
        ("Rufen Sie mich lieber zurück.", W.CALLBACK),
        ("Können Sie mich morgen anrufen?", W.CALLBACK),
        ("Ich hätte gern einen Rückruf", W.CALLBACK),
        ("Ich kann jetzt nicht so lange warten", W.CALLBACK),
        ("Die Rechnung ist vom Oktober.", W.ADDED),
        ("Ich will meinen Vertrag kündigen", W.ADDED),
        ("Man hat mir einen Rückruf versprochen", W.ADDED),
        ("Ja.", None),
    ],
)
def test_german(wishes: HoldWishes, text: str, wish: HoldWish | None) -> None:
    assert wishes.said(text, ("de",)) == ((wish,) if wish else ())


def test_two_things_in_one_breath(wishes: HoldWishes) -> None:
    said = "By the way, the second payment was on the 5th of November. How long will it take?"
    assert wishes.said(said, ("en",)) == (W.ADDED, W.HOW_LONG)
    said = "Die Zahlung war am fünften November. Rufen Sie mich lieber zurück."
    assert wishes.said(said, ("de",)) == (W.ADDED, W.CALLBACK)
    assert wishes.said("You know what. Never mind.", ("en",)) == (W.CANCEL,)


def test_keys(wishes: HoldWishes) -> None:
    assert [wishes.keyed(key) for key in "12*5"] == [W.CALLBACK, W.HOW_LONG, W.CANCEL, None]


def test_what_was_hardly_recognised_is_not_passed_on_but_a_wish_is_obeyed(
    wishes: HoldWishes,
) -> None:
    assert wishes.said("blue window something", ("en",), 0.2) == ()
    assert wishes.said("call me back please", ("en",), 0.2) == (W.CALLBACK,)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("keys: {a: cancel}\nphrases: {}", "keys.a"),
        ("keys: {}\nphrases: {sing: {}}", "phrases.sing"),
        ('keys: {}\nphrases: {cancel: {en: {match: ["(a|b"], unless: []}}}', "match[0]"),
        ("keys: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_named_by_its_field(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(PlaybookError) as caught:
        load_hold_wishes(tmp_path)
    assert complaint in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match=r"hold\.yaml"):
        load_hold_wishes(tmp_path)

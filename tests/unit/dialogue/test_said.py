"""An argument is only taken from words that were heard."""

import pytest

from voiceagent.dialogue.said import was_said

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "heard", "language"),
    [
        ("97214", "My zip code is 97214.", "en"),
        ("97214", "It is nine seven two one four.", "en"),
        ("77002", "My good friend. 777002.", "en"),
        ("02139", "zero two one three nine", "en"),
        ("50667", "fünf null sechs sechs sieben", "de"),
        ("18 Oak Street", "I moved to eighteen Oak Street in Boston.", "en"),
        ("Hauptstraße 7", "Ich wohne jetzt in der Hauptstrasse 7.", "de"),
        ("Boston", "I moved to eighteen Oak Street in Bosten.", "en"),
    ],
)
def test_what_was_said_is_taken(value: str, heard: str, language: str) -> None:
    assert was_said(value, heard, language)


@pytest.mark.parametrize(
    ("value", "heard", "language"),
    [
        ("12345", "Let me think, we just moved.", "en"),
        ("12345", "It is 97214.", "en"),
        ("97214", "", "en"),
        ("123 Main St", "I own my modem.", "en"),
        ("Main Street", "I own my modem.", "en"),
        ("41279", "nine seven two one four", "en"),
    ],
)
def test_what_was_not_said_is_not(value: str, heard: str, language: str) -> None:
    assert not was_said(value, heard, language)

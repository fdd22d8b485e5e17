"""Openers that are kept as sound before anybody asks for them."""

import pytest

from voiceagent.dialogue.openers import commonest_openers, opener_length

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_prepared_is_an_opener(language: str) -> None:
    prepared = commonest_openers(language)
    assert prepared
    for clause in prepared:
        assert opener_length(f"{clause} and so on", language) == len(clause)


def test_other_languages_have_none_prepared() -> None:
    assert commonest_openers("fr") == ()

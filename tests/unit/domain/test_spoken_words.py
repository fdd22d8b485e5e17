"""Tokens of spoken text, with their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.domain.spoken_words import Found, split_tokens

pytestmark = pytest.mark.unit


def test_numbers_keep_their_separators_and_words_lose_their_capitals() -> None:
    tokens = split_tokens("Über $1,234.50, in 3G")
    assert [t.text for t in tokens] == ["über", "$", "1,234.50", ",", "in", "3", "g"]
    assert [t.text for t in tokens if t.numeral] == ["1,234.50", "3"]


@given(st.text(max_size=80))
def test_every_token_is_what_stands_at_its_place(text: str) -> None:
    for token in split_tokens(text):
        assert text[token.start : token.end].lower() == token.text


def test_overlap_is_of_characters_not_of_edges() -> None:
    found = Found("x", 3, 6)
    assert found.overlaps(5, 9)
    assert found.overlaps(0, 4)
    assert not found.overlaps(6, 9)
    assert not found.overlaps(0, 3)

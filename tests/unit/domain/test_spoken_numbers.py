"""Numbers as they are said and as recognisers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.domain.spoken_numbers import numbers

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "three one zero seven", [3107]),
        ("en", "I and V 3107", [3107]),
        ("en", "this one and two", [2]),
        ("de", "zweitausenddreihundertfünf", [2305]),
        ("de", "eine Rechnung, drei Zahlungen", [3]),
    ],
)
def test_numbers(language: str, text: str, expected: list[int]) -> None:
    assert [int(f.value) for f in numbers(text, language)] == expected


@given(st.text(max_size=80), st.sampled_from(["en", "de"]))
def test_any_text_is_read_and_places_lie_in_it(text: str, language: str) -> None:
    everything = numbers(text, language)
    assert all(0 <= f.start < f.end <= len(text) for f in everything)

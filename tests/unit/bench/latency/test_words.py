"""Two texts are compared by their words, not by how they are spelled."""

from __future__ import annotations

import pytest

from voiceagent.bench.latency.words import WordErrors, normalised, total, word_errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "recognised"),
    [
        ("Go forward ten meters.", "go forward 10 meters"),
        ("eight of spades, four of clubs", "8 of spades 4 of clubs."),
        ("He was not an ill disposed young man.", "He was not an ill-disposed young man."),
        ("And Mister John Dashwood", "And Mr. John Dashwood"),
        ("My zip code is nine seven two one four.", "My zip code is 97214."),
        ("I paid sixty four dollars", "I paid $64"),
        ("sixty four dollars and fifty cents", "$64.50"),
        ("one hundred and five", "one hundred and 5"),
        ("twelve hundred fifty", "twelve hundred 50"),
        ("one thousand two hundred fifty", "1,250"),
        ("I am sorry, that's not it", "I'm sorry, that is not it"),
        ("three point one four", "3.14"),
        ("the fifth of May", "the 5th of May"),
        ("zero three zero", "030"),
    ],
)
def test_spelling_is_no_error(said: str, recognised: str) -> None:
    assert word_errors(said, recognised).errors == 0


def test_a_list_of_digits_is_not_one_number() -> None:
    assert normalised("7, 8, 9") == ["seven", "eight", "nine"]


def test_substitutions_insertions_and_deletions_are_counted() -> None:
    assert word_errors("ten of clubs", "ten of cloves") == WordErrors(1, 3)
    assert word_errors("ten of clubs", "of clubs") == WordErrors(1, 3)
    assert word_errors("ten of clubs", "well ten of the clubs") == WordErrors(2, 3)
    assert word_errors("ten of clubs", "") == WordErrors(3, 3)


def test_the_rate_is_that_of_all_words_together() -> None:
    both = total([WordErrors(1, 1), WordErrors(0, 9)])
    assert both.rate == pytest.approx(0.1)
    assert total([]).rate == 0

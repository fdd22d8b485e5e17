"""How rings ended, and when they were too many without an answer."""

from __future__ import annotations

import pytest

from voiceagent.desk.desk_models import Notice, NoticeCode
from voiceagent.desk.ring_history import RingHistory

pytestmark = pytest.mark.unit


def test_only_so_many_in_a_row() -> None:
    history = RingHistory(2)
    assert not history.unanswered()
    history.answered()
    assert not history.unanswered()
    assert history.unanswered()
    # Then it begins anew.
    assert not history.unanswered()


def test_the_latest_endings_are_known() -> None:
    history = RingHistory(2)
    for number in range(20):
        history.ended(f"o{number}", Notice(code=NoticeCode.TAKEN_BY_OTHER, text="x"))
    history.ended("mine", None)
    assert history.ending_of("o19") is NoticeCode.TAKEN_BY_OTHER
    assert history.ending_of("o0") is None
    assert history.ending_of("mine") is None

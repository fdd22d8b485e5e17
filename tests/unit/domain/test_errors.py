"""The tree of errors: each class has a code of its own and a remedy in its message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from voiceagent.domain import errors

pytestmark = pytest.mark.unit


def tree(root: type[errors.VoiceAgentError]) -> Iterator[type[errors.VoiceAgentError]]:
    """``root`` and every class under it that this module defines."""
    if root.__module__ == errors.__name__:
        yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_no_two_classes_share_a_code() -> None:
    codes = [each.code for each in tree(errors.VoiceAgentError)]
    assert len(set(codes)) == len(codes)
    assert all(code.count(".") == 1 for code in codes)


def test_the_message_says_what_is_wrong_and_what_to_do() -> None:
    error = errors.DiskFullError("No space is left.", "Free some.")
    assert str(error) == "No space is left. Free some."
    assert (error.problem, error.remedy) == ("No space is left.", "Free some.")
    assert str(errors.StoreError("It failed.")) == "It failed."
    assert error.exit_code == 74

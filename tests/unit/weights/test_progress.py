"""Byte counts turned into what a progress callback receives."""

from __future__ import annotations

import pytest
from wheelhouse import TINY

from voiceagent.weights.progress import Progress, ProgressReporter, Step

pytestmark = pytest.mark.unit


def test_never_back_and_never_beyond_within_one_step() -> None:
    seen: list[Progress] = []
    report = ProgressReporter(TINY, seen.append)
    for done_bytes in (3, 1, TINY.size_bytes + 9):
        report(Step.DOWNLOADING, done_bytes)
    assert [p.done_bytes for p in seen] == [3, 3, TINY.size_bytes]
    assert {(p.name, p.file, p.total_bytes) for p in seen} == {(TINY.name, "", TINY.size_bytes)}


def test_each_file_counts_from_its_own_beginning() -> None:
    seen: list[Progress] = []
    report = ProgressReporter(TINY, seen.append)
    first, second = TINY.files[:2]
    report(Step.ASSEMBLING, first.size_bytes, first)
    report(Step.ASSEMBLING, 1, second)
    assert [(p.file, p.done_bytes, p.total_bytes) for p in seen] == [
        (first.name, first.size_bytes, first.size_bytes),
        (second.name, 1, second.size_bytes),
    ]


def test_one_download_within_the_whole() -> None:
    seen: list[Progress] = []
    ProgressReporter(TINY, seen.append).beyond(2)(1)
    assert (seen[0].step, seen[0].done_bytes) == (Step.DOWNLOADING, 3)

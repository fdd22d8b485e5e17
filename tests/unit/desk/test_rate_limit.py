"""Failures are counted by name and by address, within a window that moves."""

from __future__ import annotations

import time

import pytest

from voiceagent.desk.rate_limit import RateLimitOptions, SignInLimit

pytestmark = pytest.mark.unit


def test_a_name_is_stopped_wherever_it_is_tried_from() -> None:
    limit = SignInLimit(RateLimitOptions(per_user=3, per_address=100, window_s=900))
    for number in range(3):
        assert limit.wait_s("dana", f"192.0.2.{number}") == 0
        limit.failed("dana", f"192.0.2.{number}")
    assert 1 <= limit.wait_s("dana", "192.0.2.99") <= 900
    assert limit.wait_s("lee", "192.0.2.1") == 0


def test_an_address_is_stopped_whatever_names_it_tries() -> None:
    limit = SignInLimit(RateLimitOptions(per_user=100, per_address=3, window_s=900))
    for number in range(3):
        limit.failed(f"user-{number}", "192.0.2.1")
    assert 1 <= limit.wait_s("another", "192.0.2.1") <= 900
    assert limit.wait_s("another", "192.0.2.2") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("unix", "unix", True),
        ("", "192.0.2.1", False),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    limit = SignInLimit(RateLimitOptions(per_user=100, per_address=1, window_s=900))
    limit.failed("dana", one)
    assert bool(limit.wait_s("lee", other)) is same


def test_asking_costs_nothing() -> None:
    limit = SignInLimit(RateLimitOptions(per_user=1, per_address=1, window_s=900))
    assert [limit.wait_s("dana", "192.0.2.1") for _ in range(5)] == [0] * 5


def test_it_ends_when_the_window_has_moved_on() -> None:
    limit = SignInLimit(RateLimitOptions(per_user=1, per_address=100, window_s=1))
    limit.failed("dana", "192.0.2.1")
    deadline = time.monotonic() + 30
    while limit.wait_s("dana", "192.0.2.1"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert limit.wait_s("dana", "192.0.2.1") == 0


def test_memory_stays_bounded_whatever_names_are_tried() -> None:
    limit = SignInLimit(RateLimitOptions(per_user=1, per_address=10**9, window_s=900))
    places = {limit._place(f"user-{number}") for number in range(200_000)}
    assert 1000 < len(places) <= 65_536

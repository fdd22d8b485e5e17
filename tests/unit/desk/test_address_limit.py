"""So often from one address, and no more."""

from __future__ import annotations

import pytest

from voiceagent.desk.address_limit import AddressLimit

pytestmark = pytest.mark.unit


def test_each_address_has_its_own_count() -> None:
    limit = AddressLimit(2, 60)
    assert [limit.take("192.0.2.1") for _ in range(2)] == [0, 0]
    assert 1 <= limit.take("192.0.2.1") <= 60
    assert limit.take("192.0.2.2") == 0


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_what_counts_as_one_address(one: str, same: str) -> None:
    limit = AddressLimit(1, 60)
    assert limit.take(one) == 0
    assert limit.take(same) > 0


def test_two_networks_are_two() -> None:
    limit = AddressLimit(1, 60)
    assert limit.take("2001:db8:0:1::1") == 0
    assert limit.take("2001:db8:0:2::1") == 0

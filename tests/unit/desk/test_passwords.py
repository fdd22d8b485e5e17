"""Passwords are kept as Argon2id hashes, and checking one costs the same for everybody."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from tests.unit.desk.scene import PASSWORD, quick_passwords
from voiceagent.desk.errors import PasswordError
from voiceagent.desk.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD, Passwords

pytestmark = pytest.mark.unit


class CountingHasher(PasswordHasher):
    """Remembers with which parameters it was made to verify."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[object] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
        self.verified.append(extract_parameters(str(hash)))
        return super().verify(hash, password)


def test_a_password_fits_its_own_hash_only() -> None:
    passwords = quick_passwords()
    hashed = passwords.hash(PASSWORD)
    assert PASSWORD not in hashed
    assert passwords.hash(PASSWORD) != hashed
    assert passwords.fits(PASSWORD, hashed)
    for wrong in ("", PASSWORD[:-1], PASSWORD.upper(), PASSWORD + " "):
        assert not passwords.fits(wrong, hashed)


def test_the_parameters_are_those_of_rfc_9106() -> None:
    parameters = extract_parameters(Passwords().hash(PASSWORD))
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 64 * 1024
    assert parameters.time_cost >= 3


def test_a_user_who_does_not_exist_costs_as_much_and_never_fits() -> None:
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    known = passwords.hash(PASSWORD)
    assert not passwords.fits("wrong password", known)
    assert not passwords.fits(PASSWORD, None)
    assert len(hasher.verified) == 2
    assert hasher.verified[0] == hasher.verified[1]


@pytest.mark.parametrize("length", [0, SHORTEST_PASSWORD - 1, LONGEST_PASSWORD + 1])
def test_a_password_of_a_bad_length_is_refused(length: int) -> None:
    with pytest.raises(PasswordError, match=str(SHORTEST_PASSWORD)):
        quick_passwords().hash("x" * length)


@pytest.mark.parametrize("length", [SHORTEST_PASSWORD, LONGEST_PASSWORD])
def test_a_password_of_a_good_length_is_taken(length: int) -> None:
    assert quick_passwords().fits("x" * length, quick_passwords().hash("x" * length))


def test_another_shortest_length_may_be_told() -> None:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    assert Passwords(hasher, shortest=4).hash("four")
    with pytest.raises(PasswordError, match="4"):
        Passwords(hasher, shortest=4).hash("fou")


def test_how_signs_are_composed_does_not_count() -> None:
    passwords = quick_passwords()
    assert passwords.fits("grüße aus köln", passwords.hash("gru\u0308ße aus ko\u0308ln"))


def test_a_hash_of_other_parameters_is_outdated() -> None:
    passwords = quick_passwords()
    hashed = passwords.hash(PASSWORD)
    assert not passwords.is_outdated(hashed)
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert stronger.is_outdated(hashed)
    assert stronger.fits(PASSWORD, hashed)
    assert not stronger.is_outdated(stronger.rehash(PASSWORD))


@pytest.mark.parametrize("damaged", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$AAAA"])
def test_a_damaged_hash_fits_nothing(damaged: str) -> None:
    assert not quick_passwords().fits(PASSWORD, damaged)

"""Links to sound are for one call, one user, one purpose, and some minutes."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.desk.scene import Clock
from voiceagent.desk.errors import MediaTokenExpiredError, MediaTokenWrongError
from voiceagent.desk.media_tokens import VALID_S, MediaPurpose, MediaTokens, media_key
from voiceagent.store import DeskStore

pytestmark = pytest.mark.unit

RECORDING, CUSTOMER = MediaPurpose.RECORDING, MediaPurpose.CUSTOMER


@pytest.fixture
def tokens(store: DeskStore, clock: Clock) -> MediaTokens:
    return MediaTokens(media_key(store), clock)


def test_a_token_is_right_for_what_it_was_made_for(tokens: MediaTokens) -> None:
    tokens.check(tokens.sign(RECORDING, "c-1", "u-1"), RECORDING, "c-1", "u-1")
    tokens.check(tokens.sign(CUSTOMER, "c-1", ""), CUSTOMER, "c-1", "")


def test_it_suits_an_address_as_it_is(tokens: MediaTokens) -> None:
    token = tokens.sign(RECORDING, "c-1/äöü&?", "u-1")
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    tokens.check(token, RECORDING, "c-1/äöü&?", "u-1")


@pytest.mark.parametrize(
    ("purpose", "call_id", "user_id"),
    [
        (CUSTOMER, "c-1", "u-1"),
        (RECORDING, "c-2", "u-1"),
        (RECORDING, "c-1", "u-2"),
        (RECORDING, "c-1", ""),
        (RECORDING, "", "u-1"),
    ],
)
def test_it_is_wrong_for_anything_else(
    tokens: MediaTokens, purpose: MediaPurpose, call_id: str, user_id: str
) -> None:
    token = tokens.sign(RECORDING, "c-1", "u-1")
    with pytest.raises(MediaTokenWrongError):
        tokens.check(token, purpose, call_id, user_id)


def test_what_is_said_cannot_be_moved_from_one_part_to_another(tokens: MediaTokens) -> None:
    token = tokens.sign(RECORDING, 'c-1","u', "1")
    with pytest.raises(MediaTokenWrongError):
        tokens.check(token, RECORDING, "c-1", "u")


def test_it_expires(tokens: MediaTokens, clock: Clock) -> None:
    token = tokens.sign(RECORDING, "c-1", "u-1")
    clock.advance(VALID_S - 1)
    tokens.check(token, RECORDING, "c-1", "u-1")
    clock.advance(1)
    with pytest.raises(MediaTokenExpiredError):
        tokens.check(token, RECORDING, "c-1", "u-1")
    with pytest.raises(MediaTokenWrongError):
        tokens.check(token, RECORDING, "c-2", "u-1")


def test_no_sign_of_it_may_be_changed(tokens: MediaTokens) -> None:
    token = tokens.sign(RECORDING, "c-1", "u-1")
    for position, sign in enumerate(token):
        other = "A" if sign != "A" else "z"
        altered = token[:position] + other + token[position + 1 :]
        # The last sign of each half has bits that stand for nothing; all others must matter.
        if position in (token.index(".") - 1, len(token) - 1):
            continue
        with pytest.raises(MediaTokenWrongError):
            tokens.check(altered, RECORDING, "c-1", "u-1")


def test_a_longer_life_cannot_be_written_into_it(tokens: MediaTokens, clock: Clock) -> None:
    payload, _, mac = tokens.sign(RECORDING, "c-1", "u-1").partition(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    said[-1] += 86_400
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    with pytest.raises(MediaTokenWrongError):
        tokens.check(f"{forged}.{mac}", RECORDING, "c-1", "u-1")


@pytest.mark.parametrize("token", ["", ".", "..", "a", "a.b", "ä.ö", "\ud800.x", "a" * 100_000])
def test_nonsense_is_wrong(tokens: MediaTokens, token: str) -> None:
    with pytest.raises(MediaTokenWrongError):
        tokens.check(token, RECORDING, "c-1", "u-1")


def test_another_desk_on_the_same_database_can_check_it(
    tokens: MediaTokens, store: DeskStore, clock: Clock
) -> None:
    token = tokens.sign(RECORDING, "c-1", "u-1")
    MediaTokens(media_key(store), clock).check(token, RECORDING, "c-1", "u-1")
    with pytest.raises(MediaTokenWrongError):
        MediaTokens(b"x" * 32, clock).check(token, RECORDING, "c-1", "u-1")

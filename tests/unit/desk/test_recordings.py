"""Sound of calls: by ranges, by parts, while the call runs, and only for those who may."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.desk.house import RATE_HZ, House, opened_house
from tests.unit.desk.scene import Browser
from tests.unit.legs.browsers import until
from voiceagent.desk import recordings as module
from voiceagent.desk.media_tokens import VALID_S, MediaPurpose
from voiceagent.desk.recordings import HeardTokens, Recordings
from voiceagent.desk.refusals import NoRecordingError

pytestmark = pytest.mark.unit

CALLER, AGENT = 1000, 300
FRAME = RATE_HZ // 50


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


def frame(value: int) -> bytes:
    return np.full(FRAME, value, np.int16).tobytes()


async def recorded(house: House, call_id: str = "c-1", seconds: float = 2.0) -> bytes:
    """An ended call with a recording whose caller counts the frames; the file's bytes."""
    await house.ended_call(call_id)
    recorder = house.recorder(call_id)
    for number in range(int(seconds * 50)):
        recorder.tap(frame(CALLER + number), frame(AGENT))
    path = await asyncio.to_thread(recorder.finish)
    return path.read_bytes()


async def token_of(browser: Browser, call_id: str = "c-1") -> str:
    report = (await browser.get(f"/api/calls/{call_id}")).json()
    assert isinstance(report["media_token"], str)
    return str(report["media_token"])


def samples(wav: bytes) -> npt.NDArray[np.int16]:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def heard(house: House) -> int:
    return sum(what == "recording_heard" for _, what, _ in house.deeds())


async def test_the_whole_recording(house: House) -> None:
    content = await recorded(house)
    async with house.signed_in("supervisor") as browser:
        params = {"token": await token_of(browser)}
        answer = await browser.get("/api/calls/c-1/recording", params=params)
        assert (await browser.get("/api/calls/c-1")).json()["has_recording"] is True
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == content


@pytest.mark.parametrize(
    ("range_", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=44-99999999", 44, None),
    ],
)
async def test_a_recording_by_ranges(
    house: House, range_: str, first: int, last: int | None
) -> None:
    content = await recorded(house)
    expected = content[first:] if last is None else content[first : last + 1]
    start = len(content) + first if first < 0 else first
    async with house.signed_in("supervisor") as browser:
        params = {"token": await token_of(browser)}
        headers = {"Range": range_}
        answer = await browser.get("/api/calls/c-1/recording", params=params, headers=headers)
    assert answer.status_code == 206
    assert answer.content == expected
    end = start + len(expected) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(content)}"


async def test_a_range_behind_the_end(house: House) -> None:
    content = await recorded(house)
    async with house.signed_in("supervisor") as browser:
        params = {"token": await token_of(browser)}
        headers = {"Range": f"bytes={len(content)}-"}
        answer = await browser.get("/api/calls/c-1/recording", params=params, headers=headers)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(content)}"


async def test_a_recording_in_many_pieces_is_heard_once(house: House) -> None:
    await recorded(house)
    async with house.signed_in("supervisor") as browser:
        for plays in (1, 2):
            house.clock.advance(1)
            params = {"token": await token_of(browser)}
            for piece in range(5):
                headers = {"Range": f"bytes={piece * 100}-{piece * 100 + 99}"}
                await browser.get("/api/calls/c-1/recording", params=params, headers=headers)
            assert heard(house) == plays


def test_which_links_were_used_is_bounded() -> None:
    tokens = HeardTokens(at_most=2)
    assert [tokens.is_new(token) for token in ("a", "a", "b", "c", "c")] == [
        True,
        False,
        True,
        True,
        False,
    ]
    assert tokens.is_new("a")
    tokens.forget("a")
    assert tokens.is_new("a")


SOUND = ["recording?", "audio?from_ms=0&to_ms=100&", "peaks?"]


@pytest.mark.parametrize("path", SOUND)
async def test_a_link_of_another_call_user_or_purpose(house: House, path: str) -> None:
    await recorded(house)
    tokens = house.security.media_tokens
    wrong = [
        "",
        "nonsense",
        tokens.sign(MediaPurpose.RECORDING, "c-2", "u-supervisor"),
        tokens.sign(MediaPurpose.RECORDING, "c-1", "u-admin"),
        tokens.sign(MediaPurpose.CUSTOMER, "c-1", "u-supervisor"),
        tokens.sign(MediaPurpose.CUSTOMER, "c-1", ""),
    ]
    async with house.signed_in("supervisor") as browser:
        for token in wrong:
            answer = await browser.get(f"/api/calls/c-1/{path}token={token}")
            assert (answer.status_code, answer.json()["code"]) == (403, "media_token_wrong")
        missing = await browser.get(f"/api/calls/c-1/{path}")
        assert missing.status_code == 422
        right = await token_of(browser)
        assert (await browser.get(f"/api/calls/c-1/{path}token={right}")).status_code == 200
        house.clock.advance(VALID_S)
        late = await browser.get(f"/api/calls/c-1/{path}token={right}")
        assert (late.status_code, late.json()["code"]) == (403, "media_token_expired")
    assert heard(house) == (0 if path == "peaks?" else 1)


@pytest.mark.parametrize("path", SOUND)
async def test_a_link_alone_is_not_enough(house: House, path: str) -> None:
    await recorded(house)
    async with house.signed_in("supervisor") as browser:
        token = await token_of(browser)
    async with house.browser() as nobody:
        answer = await nobody.get(f"/api/calls/c-1/{path}token={token}")
    assert answer.status_code == 401


@pytest.mark.parametrize("path", SOUND)
async def test_an_agent_hears_their_call_only_while_it_is_theirs(house: House, path: str) -> None:
    await recorded(house)
    house.lines.theirs.add(("u-agent", "c-1"))
    async with house.signed_in("agent") as browser:
        token = await token_of(browser)
        assert (await browser.get(f"/api/calls/c-1/{path}token={token}")).status_code == 200
        house.lines.theirs.clear()
        answer = await browser.get(f"/api/calls/c-1/{path}token={token}")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("call_id", ["..", "%2e%2e", "..%2f..%2fetc", "nothing", "%00", "."])
async def test_nothing_outside_the_recordings_is_served(house: House, call_id: str) -> None:
    await recorded(house)
    (house.recordings_dir / "call.wav").write_bytes(b"outside")
    (house.recordings_dir.parent / "call.wav").write_bytes(b"outside")
    plain = {"%2e%2e": "..", "..%2f..%2fetc": "../../etc", "%00": "\0"}.get(call_id, call_id)
    token = house.security.media_tokens.sign(MediaPurpose.RECORDING, plain, "u-supervisor")
    async with house.signed_in("supervisor") as browser:
        for path in SOUND:
            answer = await browser.get(f"/api/calls/{call_id}/{path}token={token}")
            assert answer.status_code in {404, 403}
            assert b"outside" not in answer.content


@pytest.mark.parametrize("call_id", ["", ".", "..", "a/b", "../a", "/etc", "a\0b"])
def test_a_calls_folder_is_one_of_its_own(tmp_path: Path, call_id: str) -> None:
    with pytest.raises(NoRecordingError):
        Recordings(tmp_path).folder(call_id)
    assert Recordings(tmp_path).folder("c-1") == tmp_path / "c-1"


@pytest.mark.parametrize("path", SOUND)
async def test_a_call_without_a_recording(house: House, path: str) -> None:
    await house.ended_call()
    token = house.security.media_tokens.sign(MediaPurpose.RECORDING, "c-1", "u-supervisor")
    async with house.signed_in("supervisor") as browser:
        answer = await browser.get(f"/api/calls/c-1/{path}token={token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")
    assert heard(house) == 0


# Parts.


async def test_a_part_is_both_sides_mixed(house: House) -> None:
    await recorded(house)
    async with house.signed_in("supervisor") as browser:
        params = {"from_ms": 200, "to_ms": 260, "token": await token_of(browser)}
        answer = await browser.get("/api/calls/c-1/audio", params=params)
        beyond = await browser.get("/api/calls/c-1/audio", params=params | {"to_ms": 60_000})
        behind = await browser.get(
            "/api/calls/c-1/audio", params=params | {"from_ms": 2000, "to_ms": 2100}
        )
    assert answer.headers["content-type"] == "audio/wav"
    sound = samples(answer.content)
    assert sound.tolist() == [CALLER + AGENT + n for n in (10, 11, 12) for _ in range(FRAME)]
    assert samples(beyond.content).size == RATE_HZ * 18 // 10
    assert (behind.status_code, behind.json()["code"]) == (404, "no_recording")
    details = [dict(e.detail) for e in house.desk_store.audit_events() if e.what.endswith("heard")]
    assert {"from_ms": 200, "to_ms": 260} in details


async def test_loud_sides_are_clipped(house: House) -> None:
    await house.ended_call()
    recorder = house.recorder("c-1")
    recorder.tap(frame(30_000), frame(30_000))
    recorder.tap(frame(-30_000), frame(-30_000))
    await asyncio.to_thread(recorder.finish)
    part = await Recordings(house.recordings_dir).part("c-1", 0, 40, live=False)
    assert samples(part).tolist() == [32_767] * FRAME + [-32_768] * FRAME


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "status", "code"),
    [
        (5, 5, 400, "part_too_long"),
        (6, 5, 400, "part_too_long"),
        (0, 120_001, 400, "part_too_long"),
        (-1, 5, 422, "invalid_request"),
        (0, 10**30, 400, "part_too_long"),
    ],
)
async def test_a_part_has_bounds(
    house: House, from_ms: int, to_ms: int, status: int, code: str
) -> None:
    await recorded(house)
    async with house.signed_in("supervisor") as browser:
        params = {"from_ms": from_ms, "to_ms": to_ms, "token": await token_of(browser)}
        answer = await browser.get("/api/calls/c-1/audio", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert heard(house) == 0


async def test_a_call_in_progress_is_heard_as_far_as_it_is_written(house: House) -> None:
    call = house.call()
    await call.opens()
    async with house.signed_in("supervisor") as browser:
        assert (await browser.get("/api/calls/c-1")).json()["media_token"] is None
        recorder = house.recorder("c-1")
        report = (await browser.get("/api/calls/c-1")).json()
        assert report["has_recording"] is False
        params = {"from_ms": 0, "to_ms": 60, "token": report["media_token"]}
        nothing = await browser.get("/api/calls/c-1/audio", params=params)
        assert (nothing.status_code, nothing.json()["code"]) == (409, "not_recorded_yet")
        partial = house.recordings_dir / "c-1" / "call.wav.partial"
        for number in range(100):
            recorder.tap(frame(CALLER + number), frame(AGENT))
        await until(lambda: partial.stat().st_size >= RATE_HZ * 4)
        answer = await browser.get("/api/calls/c-1/audio", params=params)
        assert samples(answer.content).tolist() == [
            CALLER + AGENT + n for n in (0, 1, 2) for _ in range(FRAME)
        ]
        late = params | {"from_ms": 1000, "to_ms": 9000}
        early = await browser.get("/api/calls/c-1/audio", params=late)
        assert (early.status_code, early.json()["code"]) == (409, "not_recorded_yet")
        whole = await browser.get("/api/calls/c-1/recording", params=params)
        assert (whole.status_code, whole.json()["code"]) == (404, "no_recording")
        await asyncio.to_thread(recorder.finish)
        answer = await browser.get("/api/calls/c-1/audio", params=late)
        assert samples(answer.content).size == RATE_HZ
    assert heard(house) == 2


async def test_what_a_call_left_that_was_cut_off_can_be_heard(house: House) -> None:
    call = house.call(live=False)
    await call.opens()
    await call.close()
    recorder = house.recorder("c-1")
    for number in range(100):
        recorder.tap(frame(CALLER + number), frame(AGENT))
    await asyncio.to_thread(recorder.abandon)
    async with house.signed_in("supervisor") as browser:
        params = {"from_ms": 1900, "to_ms": 5000, "token": await token_of(browser)}
        answer = await browser.get("/api/calls/c-1/audio", params=params)
    assert samples(answer.content).size == RATE_HZ // 10


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF....WAVEdata....", b"x" * 1000])
async def test_a_damaged_file_is_no_recording(house: House, content: bytes) -> None:
    await recorded(house)
    (house.recordings_dir / "c-1" / "call.wav").write_bytes(content)
    async with house.signed_in("supervisor") as browser:
        token = await token_of(browser)
        for path in SOUND[1:]:
            answer = await browser.get(f"/api/calls/c-1/{path}token={token}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")


# Peaks.


async def test_the_shape_of_a_recording(house: House) -> None:
    await house.ended_call()
    recorder = house.recorder("c-1")
    for value in [0] * 5 + [16_384] * 5 + [-32_768] * 6:
        recorder.tap(frame(value), frame(-value // 4))
    await asyncio.to_thread(recorder.finish)
    async with house.signed_in("supervisor") as browser:
        params = {"token": await token_of(browser)}
        peaks = (await browser.get("/api/calls/c-1/peaks", params=params)).json()
    assert peaks == {
        "bucket_ms": 50,
        "caller": [0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.0],
        "agent": [0.0, 0.0, 0.125, 0.125, 0.25, 0.25, 0.25],
    }


async def test_a_long_call_is_drawn_more_coarsely(tmp_path: Path) -> None:
    (tmp_path / "c-1").mkdir()
    with wave.open(str(tmp_path / "c-1" / "call.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000 * 4 * 600))
    told = await Recordings(tmp_path).peaks("c-1")
    assert b'"bucket_ms":150' in told
    assert told.count(b"0.0") == 2 * 4000


async def test_peaks_are_computed_once_and_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []
    shape = module._shape
    monkeypatch.setattr(module, "_shape", lambda sound: (computed.append(1), shape(sound))[1])
    monkeypatch.setattr(module, "_KEPT_PEAKS", 2)
    recordings = Recordings(tmp_path)
    for call_id in ("a", "b", "c"):
        (tmp_path / call_id).mkdir()
        with wave.open(str(tmp_path / call_id / "call.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(8000))
    one, again = await asyncio.gather(recordings.peaks("a"), recordings.peaks("a"))
    assert one == again
    assert len(computed) == 1
    await recordings.peaks("b")
    await recordings.peaks("c")
    await recordings.peaks("c")
    assert len(computed) == 3
    await recordings.peaks("a")
    assert len(computed) == 4


async def test_a_call_that_is_not_recorded_is_not_waited_for(house: House) -> None:
    call = house.call(recorded=False)
    await call.opens()
    token = house.security.media_tokens.sign(MediaPurpose.RECORDING, "c-1", "u-supervisor")
    async with house.signed_in("supervisor") as browser:
        params = {"from_ms": 0, "to_ms": 100, "token": token}
        answer = await browser.get("/api/calls/c-1/audio", params=params)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_recording")

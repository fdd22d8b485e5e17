"""Past calls: found again, told whole, marked and taken away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.desk.house import House, opened_house
from tests.unit.desk.scene import START
from voiceagent.calls import readings
from voiceagent.desk.past_calls import PAGE_SIZE
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.events import VerdictGiven
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.store import NewCall
from voiceagent.store.codec import event_json
from voiceagent.store.desk_records import CallNote, Disposition, Role, VerdictMark, WrapUp

pytestmark = pytest.mark.unit


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


async def found(house: House, **query: object) -> list[str]:
    async with house.signed_in("supervisor") as browser:
        answer = await browser.get("/api/calls", params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["calls"]]


async def test_search_by_everything(house: House) -> None:
    await house.ended_call("early")
    house.clock.advance(3600)
    await house.ended_call("late", outcome=CallOutcome.CALLBACK_BOOKED)
    handed = house.call("handed", live=False, account="C-7")
    await handed.opens()
    await handed.holds()
    await handed.bridges("u-dana")
    await handed.ends(CallOutcome.HANDED_OVER, HandoffOutcome.BRIDGED)
    assert set(await found(house)) == {"early", "late", "handed"}
    assert (await found(house))[-1] == "early"
    assert await found(house, text="EARL") == ["early"]
    assert set(await found(house, text="whitfield")) == {"early", "late", "handed"}
    assert await found(house, text="%") == []
    assert await found(house, outcome="callback_booked") == ["late"]
    assert await found(house, handoff="bridged") == ["handed"]
    assert await found(house, account="C-7") == ["handed"]
    hour = (START + timedelta(hours=1)).isoformat()
    assert set(await found(house, **{"from": hour})) == {"late", "handed"}
    assert await found(house, to=hour) == ["early"]
    assert await found(house, **{"from": START.isoformat().replace("+00:00", "Z"), "to": hour}) == [
        "early"
    ]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "outcome=nonsense",
        "from=2026-11-22T09:00",
        "from=x",
        "text=" + "x" * 201,
    ],
)
async def test_a_question_that_makes_no_sense(house: House, query: str) -> None:
    async with house.signed_in("supervisor") as browser:
        answer = await browser.get(f"/api/calls?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_page_by_page(house: House) -> None:
    for number in range(PAGE_SIZE + 1):
        at = START + timedelta(minutes=number)
        house.store.begin_call(NewCall(f"c-{number}", "A", "", "p", "en", "recorded", at))
    async with house.signed_in("supervisor") as browser:
        first = (await browser.get("/api/calls")).json()
        second = (await browser.get("/api/calls", params={"page": 2})).json()
        beyond = (await browser.get("/api/calls", params={"page": 3})).json()
    assert (first["page"], first["pages"], first["total"]) == (1, 2, PAGE_SIZE + 1)
    assert [row["id"] for row in first["calls"]][:2] == [f"c-{PAGE_SIZE}", f"c-{PAGE_SIZE - 1}"]
    assert [row["id"] for row in second["calls"]] == ["c-0"]
    assert (beyond["calls"], beyond["pages"]) == ([], 2)


async def test_nothing_found_is_one_empty_page(house: House) -> None:
    async with house.signed_in("supervisor") as browser:
        answer = (await browser.get("/api/calls")).json()
    assert answer == {"calls": [], "page": 1, "pages": 1, "total": 0}


async def test_a_report_is_what_the_log_says(house: House) -> None:
    house.add_user("dana", [Role.AGENT])
    call = house.call(live=False)
    await call.opens()
    await call.talks("C: I want to talk to a real person, please.", "A: One moment, please.")
    await call.holds()
    await call.bridges("u-dana")
    await call.ends(CallOutcome.HANDED_OVER, HandoffOutcome.BRIDGED)
    note = CallNote("c-1", "u-dana", "Card ends in 4471.", START)
    house.desk_store.save_note(note)
    wrap_up = WrapUp("c-1", Disposition.FOLLOW_UP, "Will refund.", "u-dana", START)
    house.desk_store.save_wrap_up(wrap_up)
    async with house.signed_in("supervisor") as browser:
        report = (await browser.get("/api/calls/c-1")).json()
    events = house.store.events("c-1")
    assert report["call"]["id"] == "c-1"
    assert report["call"]["customer_name"] == "James Whitfield"
    assert report["call"]["outcome"] == "handed_over"
    assert report["call"]["handoff_outcome"] == "bridged"
    assert report["call"]["duration_ms"] == readings.last_ms(events)
    assert report["transcript"] == readings.transcript_json(events)
    packet = readings.packet(events)
    assert packet is not None
    assert report["packet"] == json.loads(json.dumps(readings.packet_json(packet)))
    summary = report["summary"]
    seqs = [each.seq for each in events if isinstance(each.event, VerdictGiven)]
    assert seqs
    assert [verdict.pop("seq") for verdict in summary["verdicts"]] == seqs
    assert summary["handoff"].pop("human_name") == "Dana"
    expected = readings.summary_json(events, None)
    for name in ("started_at", "ended_at"):
        assert summary.pop(name) == expected.pop(name).replace("+00:00", "Z")
    assert summary == expected
    assert report["wrap_up"] == {
        "disposition": "follow_up",
        "note": "Will refund.",
        "by": "Dana",
        "by_id": "u-dana",
        "at": "2026-11-22T09:00:00Z",
        "callback_due_at": None,
    }
    assert report["notes"] == [
        {
            "by": "Dana",
            "by_id": "u-dana",
            "text": "Card ends in 4471.",
            "updated_at": "2026-11-22T09:00:00Z",
        }
    ]
    assert (report["has_recording"], report["media_token"]) == (False, None)
    assert house.deeds() == [("u-supervisor", "call_read", "c-1")]


async def test_the_latency_that_was_measured_when_the_call_ended(house: House) -> None:
    await house.ended_call()
    folder = house.recordings_dir / "c-1"
    folder.mkdir(parents=True)
    latency = {"unit": "ms", "measure": "voice_to_voice", "p50": 800, "p95": 900, "turns": []}
    async with house.signed_in("supervisor") as browser:
        for text, told in [
            ("{}", {}),
            ("[1]", {}),
            ("{", {}),
            (json.dumps({"latency": latency}), latency),
        ]:
            (folder / "summary.json").write_text(text)
            report = (await browser.get("/api/calls/c-1")).json()
            assert report["summary"]["latency"] == told


async def test_a_call_that_has_only_begun(house: House) -> None:
    house.call(live=False)
    async with house.signed_in("supervisor") as browser:
        report = (await browser.get("/api/calls/c-1")).json()
    assert (report["summary"], report["packet"]) == (None, None)
    assert report["transcript"]["turns"] == []
    assert report["call"]["ended_at"] is None


async def test_a_call_that_was_cut_off_is_not_shown_as_running(house: House) -> None:
    call = house.call(live=False)
    await call.opens()
    house.clock.advance(60)
    await call.close()
    async with house.signed_in("supervisor") as browser:
        report = (await browser.get("/api/calls/c-1")).json()
        row = (await browser.get("/api/calls")).json()["calls"][0]
    assert report["summary"]["cut_off"] is True
    assert report["call"] == row
    assert (row["outcome"], row["state"]) == (None, "talking")
    assert row["ended_at"] == "2026-11-22T09:01:00Z"


@pytest.mark.parametrize(
    "call_id", ["nothing", "..", "%2e%2e", "x" * 65, "%00", "..%2fdesk.db", "c-1%00"]
)
async def test_a_call_nobody_knows(house: House, call_id: str) -> None:
    await house.ended_call()
    async with house.signed_in("supervisor") as browser:
        for path in ("", "/export"):
            answer = await browser.get(f"/api/calls/{call_id}{path}")
            assert answer.status_code == 404, (call_id, path)
    assert house.deeds() == []


async def test_an_agent_reads_the_call_that_is_theirs_and_no_other(house: House) -> None:
    call = house.call()
    await call.opens()
    recorder = house.recorder("c-1")
    await house.ended_call("c-2")
    house.lines.theirs.add(("u-agent", "c-1"))
    async with house.signed_in("agent") as browser:
        own = await browser.get("/api/calls/c-1")
        other = await browser.get("/api/calls/c-2")
        none = await browser.get("/api/calls/nothing")
    recorder.abandon()
    assert own.status_code == 200
    assert (own.json()["has_recording"], bool(own.json()["media_token"])) == (False, True)
    assert [other.status_code, none.status_code] == [403, 403]
    assert other.json() == none.json()


async def test_the_export_is_a_file_of_everything(house: House) -> None:
    await house.ended_call()
    async with house.signed_in("supervisor") as browser:
        answer = await browser.get("/api/calls/c-1/export")
        report = (await browser.get("/api/calls/c-1")).json()
    assert answer.headers["content-disposition"] == 'attachment; filename="call-c-1.json"'
    exported = answer.json()
    events = [event_json(each) for each in house.store.events("c-1")]
    assert exported.pop("events") == events
    report.pop("media_token")
    assert exported == report
    assert house.deeds()[0] == ("u-supervisor", "call_exported", "c-1")


# Marks.


async def verdict_of(house: House) -> int:
    await house.ended_call()
    events = house.store.events("c-1")
    return next(each.seq for each in events if isinstance(each.event, VerdictGiven))


async def test_a_mark_is_set_changed_and_taken_back(house: House) -> None:
    seq = await verdict_of(house)
    path = f"/api/calls/c-1/verdicts/{seq}/mark"
    async with house.signed_in("supervisor") as browser:
        for right, note in ((True, ""), (False, "They had asked already.")):
            answer = await browser.put(path, json={"right": right, "note": note})
            assert (answer.status_code, answer.content) == (204, b"")
            marks = (await browser.get("/api/calls/c-1")).json()["verdict_marks"]
            assert marks == [
                {
                    "seq": seq,
                    "right": right,
                    "note": note,
                    "by": "Supervisor",
                    "by_id": "u-supervisor",
                    "at": "2026-11-22T09:00:00Z",
                }
            ]
        assert (await browser.delete(path)).status_code == 204
        assert (await browser.delete(path)).status_code == 204
        assert (await browser.get("/api/calls/c-1")).json()["verdict_marks"] == []
    assert ("u-supervisor", "verdict_marked", "c-1") in house.deeds()


async def test_ones_own_mark_comes_last(house: House) -> None:
    seq = await verdict_of(house)
    async with (
        house.signed_in("supervisor") as one,
        house.signed_in("admin") as other,
    ):
        for browser in (one, other):
            await browser.put(f"/api/calls/c-1/verdicts/{seq}/mark", json={"right": True})
        for browser, own in ((one, "Supervisor"), (other, "Admin")):
            marks = (await browser.get("/api/calls/c-1")).json()["verdict_marks"]
            assert [len(marks), marks[-1]["by"]] == [2, own]
        # Nobody takes another's mark back.
        await one.delete(f"/api/calls/c-1/verdicts/{seq}/mark")
    (left,) = house.desk_store.verdict_marks("c-1")
    assert left == VerdictMark("c-1", seq, True, "", "u-admin", START, "Admin")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("c-1/verdicts/1/mark", 404),
        ("c-1/verdicts/9999/mark", 404),
        ("nothing/verdicts/1/mark", 404),
        ("c-1/verdicts/0/mark", 422),
        ("c-1/verdicts/99999999999/mark", 422),
        ("c-1/verdicts/x/mark", 422),
    ],
)
async def test_only_verdicts_are_marked(house: House, path: str, status: int) -> None:
    await house.ended_call()
    async with house.signed_in("supervisor") as browser:
        answer = await browser.put(f"/api/calls/{path}", json={"right": True})
    assert answer.status_code == status
    assert house.desk_store.verdict_marks("c-1") == ()

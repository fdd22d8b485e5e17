"""The agents' requests over HTTP: who may what, whose call it is, and what is written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.unit.desk.office import DEADLINE_S, Office, open_office, options, until
from tests.unit.desk.scene import Browser
from voiceagent.calls.readings import packet_json
from voiceagent.desk.desk_routes import desk_router
from voiceagent.domain.errors import StoreError
from voiceagent.store.desk_records import Disposition, Role

pytestmark = pytest.mark.unit

ROUTES = [
    ("GET", "/api/desk"),
    ("GET", "/api/desk/events"),
    ("PUT", "/api/desk/availability"),
    ("POST", "/api/desk/media"),
    ("DELETE", "/api/desk/media"),
    ("POST", "/api/desk/offers/o/accept"),
    ("POST", "/api/desk/offers/o/decline"),
    ("POST", "/api/desk/calls/c1/hold"),
    ("POST", "/api/desk/calls/c1/send-back"),
    ("POST", "/api/desk/calls/c1/end"),
    ("PUT", "/api/desk/calls/c1/note"),
    ("POST", "/api/desk/calls/c1/wrap-up"),
]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    # A line that is gone does not end the ring while a test looks.
    async with open_office(tmp_path, options(reopen_s=60.0)) as opened:
        opened.desk.app.include_router(desk_router(opened.seats))
        yield opened


async def signed_in(office: Office, name: str, roles: tuple[Role, ...] = (Role.AGENT,)) -> Browser:
    office.desk.add_user(name, roles)
    browser = office.desk.browser()
    assert (await browser.sign_in(name)).status_code == 200
    return browser


def refusal(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"code", "problem", "remedy"}
    return answer.status_code, body["code"]


async def ringing(office: Office, browser: Browser) -> str:
    """The offer that this browser's desk shows."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if offer := (await browser.get("/api/desk")).json()["offer"]:
                return str(offer["id"])
            await asyncio.sleep(0.01)


async def talking(office: Office, name: str = "dana", call_id: str = "c1") -> Browser:
    """Somebody who talks with a caller."""
    browser = await signed_in(office, name)
    person = await office.person(name)
    office.call(call_id).hand_over()
    offer_id = await ringing(office, browser)
    answer = await browser.post(f"/api/desk/offers/{offer_id}/accept")
    assert answer.json()["call"]["call_id"] == call_id
    await person.is_("bridged")
    return browser


# Who may.


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_without_a_session(office: Office, method: str, path: str) -> None:
    async with office.desk.browser() as browser:
        assert refusal(await browser.request(method, path)) == (401, "not_signed_in")


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r[0] != "GET"])
async def test_no_page_of_elsewhere(office: Office, method: str, path: str) -> None:
    browser = await signed_in(office, "dana")
    del browser.headers["X-CSRF-Token"]
    assert refusal(await browser.request(method, path)) == (403, "foreign_request")
    browser.headers["X-CSRF-Token"] = "0" * 64
    assert refusal(await browser.request(method, path)) == (403, "foreign_request")


async def test_a_machine_may_look_with_its_token(office: Office) -> None:
    office.desk.add_token("secret", [Role.AGENT])
    async with office.desk.browser() as browser:
        answer = await browser.get("/api/desk", headers={"Authorization": "Bearer secret"})
        assert answer.json()["availability"] == "offline"


async def test_a_supervisor_has_a_line_but_no_handoffs(office: Office) -> None:
    browser = await signed_in(office, "sam", (Role.SUPERVISOR,))
    path = "/api/desk/availability"
    answer = await browser.put(path, json={"availability": "available"})
    assert refusal(answer) == (403, "not_allowed")
    answer = await browser.put(path, json={"availability": "paused"})
    assert answer.json()["availability"] == "paused"
    answer = await browser.post("/api/desk/media", json={"sdp": "x", "type": "offer"})
    assert answer.status_code == 200


# Presence and line.


async def test_the_desk_as_json(office: Office) -> None:
    browser = await signed_in(office, "dana")
    assert (await browser.get("/api/desk")).json() == {
        "availability": "offline",
        "offer": None,
        "call": None,
        "wrap_up": None,
        "queue": {"calls_live": 0, "waiting": 0, "humans_free": 0},
    }


@pytest.mark.parametrize("wanted", ["wrap_up", "gone", ""])
async def test_what_nobody_can_choose_to_be(office: Office, wanted: str) -> None:
    browser = await signed_in(office, "dana")
    answer = await browser.put("/api/desk/availability", json={"availability": wanted})
    assert refusal(answer) == (422, "invalid_request")


async def test_a_line_is_opened_replaced_and_closed(office: Office) -> None:
    browser = await signed_in(office, "dana")
    first = (await browser.post("/api/desk/media", json={"sdp": "a", "type": "offer"})).json()
    second = (await browser.post("/api/desk/media", json={"sdp": "b", "type": "offer"})).json()
    assert (second["sdp"], second["type"]) == ("answer to b", "answer")
    assert first["media_id"] != second["media_id"]
    line = office.seats.line_of("u-dana")
    assert line is not None
    assert [media.state.value for media in office.media] == ["closed", "connecting"]
    assert line.media is office.media[1]
    answer = await browser.delete("/api/desk/media")
    assert (answer.status_code, answer.content) == (204, b"")
    assert office.media[1].state.value == "closed"
    assert (await browser.delete("/api/desk/media")).status_code == 204


async def test_an_offer_of_another_kind_is_none(office: Office) -> None:
    browser = await signed_in(office, "dana")
    answer = await browser.post("/api/desk/media", json={"sdp": "a", "type": "answer"})
    assert refusal(answer) == (422, "invalid_request")
    answer = await browser.post("/api/desk/media", json={"sdp": "a" * 70_000, "type": "offer"})
    assert refusal(answer) == (422, "invalid_request")
    answer = await browser.post("/api/desk/media", json={"sdp": "a" * 200_000, "type": "offer"})
    assert answer.status_code == 413


# Offers.


async def test_an_offer_is_for_one_person(office: Office) -> None:
    dana, noor = await signed_in(office, "dana"), await signed_in(office, "noor")
    rung = await office.person("dana")
    office.call().hand_over()
    offer_id = await ringing(office, dana)
    for verb in ("accept", "decline"):
        answer = await noor.post(f"/api/desk/offers/{offer_id}/{verb}", json={})
        assert refusal(answer) == (409, "offer_over")
    assert rung.life == "offered"
    assert (await noor.get("/api/desk")).json()["offer"] is None
    answer = await dana.post(f"/api/desk/offers/{offer_id}/accept")
    assert answer.json()["call"]["stage"] in {"connecting", "briefing", "bridged"}
    # Pressing twice does no harm.
    answer = await dana.post(f"/api/desk/offers/{offer_id}/accept")
    assert answer.json()["call"]["call_id"] == "c1"


async def test_the_packet_is_the_one_of_the_outputs(office: Office) -> None:
    dana = await signed_in(office, "dana")
    await office.person("dana")
    office.call().hand_over()
    await ringing(office, dana)
    packet = office.infos.known["c1"].packet
    assert packet is not None
    offer = (await dana.get("/api/desk")).json()["offer"]
    assert offer["packet"] == packet_json(packet)


async def test_an_unknown_offer_is_over(office: Office) -> None:
    dana = await signed_in(office, "dana")
    assert refusal(await dana.post("/api/desk/offers/nonsense/accept")) == (409, "offer_over")
    answer = await dana.post("/api/desk/offers/nonsense/decline", json={"reason": ""})
    assert refusal(answer) == (409, "offer_over")


async def test_a_colleague_was_first(office: Office) -> None:
    dana, noor = await signed_in(office, "dana"), await signed_in(office, "noor")
    await office.person("dana")
    winner = await office.person("noor")
    office.call().hand_over(at_once=2)
    lost, won = await ringing(office, dana), await ringing(office, noor)
    await noor.post(f"/api/desk/offers/{won}/accept")
    await winner.is_("bridged")
    answer = await dana.post(f"/api/desk/offers/{lost}/accept")
    assert refusal(answer) == (409, "taken_by_other")


async def test_without_a_line_it_goes_on_ringing(office: Office) -> None:
    dana = await signed_in(office, "dana")
    person = await office.person("dana")
    office.call().hand_over()
    offer_id = await ringing(office, dana)
    office.media[-1].lose()
    answer = await dana.post(f"/api/desk/offers/{offer_id}/accept")
    assert refusal(answer) == (409, "no_media")
    assert await ringing(office, dana) == offer_id
    await person.open_line()
    answer = await dana.post(f"/api/desk/offers/{offer_id}/accept")
    assert answer.json()["call"]["media"] == "up"


async def test_why_somebody_declined_is_in_the_audit(office: Office) -> None:
    dana = await signed_in(office, "dana")
    await office.person("dana")
    call = office.call()
    call.hand_over()
    offer_id = await ringing(office, dana)
    answer = await dana.post(f"/api/desk/offers/{offer_id}/decline", json={"reason": "I know him."})
    assert answer.json()["offer"] is None
    written = office.desk_store.audit_events()[0]
    assert (written.who, written.what, written.subject) == ("u-dana", "offer_declined", "c1")
    assert written.detail == {"reason": "I know him."}
    await call.over()


# Calls.


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("hold", {"on": True}),
        ("send-back", {"instruction": "x"}),
        ("end", {}),
        ("wrap-up", {"disposition": "resolved", "note": "", "callback": None}),
    ],
)
async def test_a_call_is_only_for_whom_it_was_given_to(
    office: Office, path: str, body: dict[str, object]
) -> None:
    await talking(office, "dana")
    noor = await signed_in(office, "noor")
    answer = await noor.post(f"/api/desk/calls/c1/{path}", json=body)
    assert refusal(answer) == (409, "not_yours")
    dana = office.seats.seat_of(office.principal("dana"))
    assert dana.life == "bridged"


async def test_hold_and_end(office: Office) -> None:
    dana = await talking(office)
    answer = await dana.post("/api/desk/calls/c1/hold", json={"on": True})
    assert answer.json()["call"]["stage"] == "on_hold"
    answer = await dana.post("/api/desk/calls/c1/hold", json={"on": False})
    assert answer.json()["call"]["stage"] == "bridged"
    answer = await dana.post("/api/desk/calls/c1/end", json={})
    body = answer.json()
    assert (body["availability"], body["call"]) == ("wrap_up", None)
    assert body["wrap_up"]["call_id"] == "c1"
    assert body["wrap_up"]["dispositions"] == [each.value for each in Disposition]
    answer = await dana.post("/api/desk/calls/c1/end", json={})
    assert refusal(answer) == (409, "not_yours")


async def test_send_back(office: Office) -> None:
    dana = await talking(office)
    answer = await dana.post("/api/desk/calls/c1/send-back", json={"instruction": "Say goodbye."})
    assert answer.json()["wrap_up"]["call_id"] == "c1"
    await office.calls[0].over()
    assert office.calls[0].resumed == ["Say goodbye."]


async def test_nobody_is_put_on_hold_before_they_talk(office: Office) -> None:
    dana = await signed_in(office, "dana")
    person = await office.person("dana")
    call = office.call()
    call.whispering.clear()
    call.hand_over()
    offer_id = await ringing(office, dana)
    await dana.post(f"/api/desk/offers/{offer_id}/accept")
    await person.is_("briefing")
    answer = await dana.post("/api/desk/calls/c1/hold", json={"on": True})
    assert refusal(answer) == (409, "not_bridged")
    answer = await dana.post("/api/desk/calls/c1/send-back", json={"instruction": ""})
    assert refusal(answer) == (409, "not_bridged")


# Writing down.


async def test_notes_are_kept_while_typed_and_until_the_wrap_up_is_done(office: Office) -> None:
    dana = await talking(office)
    for text in ("Card", "Card ending 4471", ""):
        answer = await dana.put("/api/desk/calls/c1/note", json={"text": text})
        assert (answer.status_code, answer.content) == (204, b"")
        notes = office.desk_store.notes("c1")
        assert [(n.by, n.text, n.by_name) for n in notes] == [("u-dana", text, "Dana")]
    await dana.post("/api/desk/calls/c1/end", json={})
    await dana.put("/api/desk/calls/c1/note", json={"text": "In the wrap-up"})
    await dana.post("/api/desk/calls/c1/wrap-up", json={"disposition": "resolved"})
    # The page saves what was not saved yet when it leaves the view.
    answer = await dana.put("/api/desk/calls/c1/note", json={"text": "Last words"})
    assert answer.status_code == 204
    assert [note.text for note in office.desk_store.notes("c1")] == ["Last words"]


async def test_nobody_writes_about_the_calls_of_others(office: Office) -> None:
    await talking(office, "dana")
    noor = await signed_in(office, "noor")
    answer = await noor.put("/api/desk/calls/c1/note", json={"text": "x"})
    assert refusal(answer) == (409, "not_yours")
    await office.person("noor")
    office.call("c2").hand_over()
    await ringing(office, noor)
    answer = await noor.put("/api/desk/calls/c2/note", json={"text": "x"})
    assert refusal(answer) == (409, "not_yours")
    assert office.desk_store.notes("c1") == office.desk_store.notes("c2") == ()


async def test_a_note_has_an_end(office: Office) -> None:
    dana = await talking(office)
    answer = await dana.put("/api/desk/calls/c1/note", json={"text": "x" * 5001})
    assert refusal(answer) == (422, "invalid_request")


async def test_the_wrap_up_with_a_callback(office: Office) -> None:
    dana = await talking(office)
    await dana.post("/api/desk/calls/c1/end", json={})
    due_at = office.clock() + timedelta(days=1)
    callback = {"due_at": due_at.isoformat(), "reason": "The refund"}
    body = {"disposition": "follow_up", "note": "Refund of $64.50.", "callback": callback}
    answer = await dana.post("/api/desk/calls/c1/wrap-up", json=body)
    state = answer.json()
    assert (state["availability"], state["wrap_up"]) == ("available", None)
    assert office.booked == [("c1", due_at, "The refund")]
    (written,) = office.desk_store.wrap_ups("c1")
    assert (written.disposition, written.note) == (Disposition.FOLLOW_UP, "Refund of $64.50.")
    assert (written.by, written.by_name, written.at) == ("u-dana", "Dana", office.clock())
    assert written.callback_due_at == due_at
    answer = await dana.post("/api/desk/calls/c1/wrap-up", json=body)
    assert refusal(answer) == (409, "not_yours")
    assert len(office.booked) == 1


@pytest.mark.parametrize(
    ("due_in_s", "disposition"), [(-1, "follow_up"), (0, "follow_up"), (3600, "do_not_call")]
)
async def test_callbacks_that_are_not_promised(
    office: Office, due_in_s: float, disposition: str
) -> None:
    dana = await talking(office)
    await dana.post("/api/desk/calls/c1/end", json={})
    due_at = office.clock() + timedelta(seconds=due_in_s)
    body = {"disposition": disposition, "callback": {"due_at": due_at.isoformat(), "reason": ""}}
    answer = await dana.post("/api/desk/calls/c1/wrap-up", json=body)
    assert refusal(answer) == (422, "callback_refused")
    assert (office.booked, office.forbidden, office.desk_store.wrap_ups("c1")) == ([], [], ())
    assert (await dana.get("/api/desk")).json()["wrap_up"]["call_id"] == "c1"


async def test_a_moment_without_a_time_zone_is_none(office: Office) -> None:
    dana = await talking(office)
    await dana.post("/api/desk/calls/c1/end", json={})
    body = {"disposition": "other", "callback": {"due_at": "2030-01-01T10:00:00", "reason": ""}}
    answer = await dana.post("/api/desk/calls/c1/wrap-up", json=body)
    assert refusal(answer) == (422, "invalid_request")


async def test_do_not_call_blocks_the_number(office: Office) -> None:
    dana = await talking(office)
    await dana.post("/api/desk/calls/c1/end", json={})
    await dana.post("/api/desk/calls/c1/wrap-up", json={"disposition": "do_not_call"})
    assert office.forbidden == ["c1"]


async def test_what_was_not_written_can_be_written_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana = await talking(office)
    await dana.post("/api/desk/calls/c1/end", json={})

    def full(*_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(office.desk_store, "save_wrap_up", full)
        answer = await dana.post("/api/desk/calls/c1/wrap-up", json={"disposition": "resolved"})
        assert answer.status_code == 503
    assert (await dana.get("/api/desk")).json()["wrap_up"]["call_id"] == "c1"
    answer = await dana.post("/api/desk/calls/c1/wrap-up", json={"disposition": "resolved"})
    assert answer.json()["wrap_up"] is None
    await until(lambda: len(office.desk_store.wrap_ups("c1")) == 1)


def test_the_description_names_every_answer(office: Office) -> None:
    described = office.desk.app.openapi()
    accept = described["paths"]["/api/desk/offers/{offer_id}/accept"]["post"]
    assert {"200", "401", "403", "409"} <= set(accept["responses"])
    fields = described["components"]["schemas"]["DeskState"]["properties"]
    assert {"availability", "offer", "call", "wrap_up", "queue"} <= set(fields)

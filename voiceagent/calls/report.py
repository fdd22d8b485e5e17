"""A call told for a human reader, from its log alone.

In goes the log and what is known of the process that wrote it; out comes text on a console, or
the same as JSON. It works as well for a call whose process was killed: the log is what is left,
and the report says so plainly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from voiceagent.calls import readings
from voiceagent.calls.readings import CallStatus, Log
from voiceagent.calls.report_notes import note, plain
from voiceagent.domain.events import (
    AccountLoaded,
    CallbackBooked,
    LoggedEvent,
    TurnTaken,
    VerdictGiven,
)
from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.transcript import Citation, Speaker, Turn
from voiceagent.domain.verdict import Action, Contradiction, Trigger, Verdict
from voiceagent.store.codec import event_json
from voiceagent.store.worker import WorkerLiveness

_SPEAKER_STYLE = {Speaker.CALLER: "cyan", Speaker.AGENT: "green", Speaker.HUMAN: "magenta"}
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S UTC"


def offset(at_ms: int) -> str:
    """Audio time as ``mm:ss.d``, tenths cut off rather than rounded up."""
    minutes, rest_ms = divmod(max(at_ms, 0), 60_000)
    return f"{minutes:02d}:{rest_ms // 1000:02d}.{rest_ms % 1000 // 100}"


def render_report(
    events: Log, console: Console, worker: WorkerLiveness = WorkerLiveness.UNKNOWN
) -> None:
    """Print the report of one call.

    Args:
        events: the log, e.g. ``Store.events``.
        console: where to.
        worker: what is known of the call's process, e.g. ``Store.call_worker``.
    """
    if not events:
        console.print(
            Text("The log is empty: the call was entered, then nothing was written of it.")
        )
        return
    for title, body in _sections(events, worker):
        console.print(Rule(title, align="left", style="dim"))
        console.print(Padding(body, (0, 0, 1, 2)))


def report_json(
    events: Log,
    latency: Mapping[str, Any] | None = None,
    worker: WorkerLiveness = WorkerLiveness.UNKNOWN,
) -> dict[str, Any]:
    """The report as JSON: the summary, and all that the printed report shows.

    Raises:
        EmptyLogError: the log is empty.
    """
    packet = readings.packet(events)
    return {
        **readings.summary_json(events, latency, worker),
        "status": readings.call_status(events, worker).value,
        "states": [
            {"state": stay.state.value, "from_ms": stay.from_ms, "until_ms": stay.until_ms}
            for stay in readings.call_path(events)
        ],
        "transcript": readings.transcript_json(events)["turns"],
        "handoffs": [
            {"id": each.id, **readings.handoff_json(each)} for each in readings.handoffs(events)
        ],
        "packet": readings.packet_json(packet) if packet else None,
        "events": [event_json(logged) for logged in events],
    }


def closing_line(events: Log, worker: WorkerLiveness) -> str:
    """One sentence on how the call stands or ended."""
    at = offset(readings.last_ms(events))
    end = readings.ended(events)
    if end is not None:
        because = f": {end.reason}" if end.reason else ""
        return f"ended at {offset(end.at_ms)}, {plain(end.outcome)}{because}"
    match readings.call_status(events, worker):
        case CallStatus.RUNNING:
            return f"still running: the log has come to {at}"
        case CallStatus.CUT_OFF:
            return f"cut off at {at}: the process ended without finishing the call"
        case _:
            return (
                f"not finished: the log stops at {at}, and whether its process still runs "
                "cannot be told from this machine"
            )


def _sections(events: Log, worker: WorkerLiveness) -> Iterator[tuple[str, RenderableType]]:
    yield "Call", _head(events, worker)
    if stays := _timeline(events):
        yield "States", stays
    yield "Conversation", _conversation(events)
    for handoff in readings.handoffs(events):
        yield "Handoff", _handoff(handoff)
    if packet := readings.packet(events):
        yield "Packet", packet_table(packet)
    if booked := readings.of_type(events, CallbackBooked):
        yield "Callbacks", Group(*(_callback(each) for each in booked))
    yield "End", Text(closing_line(events, worker), style="bold")


def _head(events: Log, worker: WorkerLiveness) -> Table:
    table = _grid()
    placed = readings.placed(events)
    accounts = readings.of_type(events, AccountLoaded)
    ended = readings.ended(events)
    table.add_row("call", Text(events[0].call_id))
    if accounts:
        customer = accounts[-1].record.customer
        table.add_row("callee", Text(f"{customer.name}, {customer.phone}"))
    if placed:
        table.add_row("account", Text(placed.account_id))
        table.add_row("why", Text(placed.reason))
        how = f"{placed.playbook}, {placed.language}, over {placed.leg}"
        table.add_row("how", Text(how))
    table.add_row("placed", Text(events[0].recorded_at.strftime(_TIME_FORMAT)))
    table.add_row("audio", Text(offset(readings.last_ms(events))))
    outcome = plain(ended.outcome) if ended else closing_line(events, worker)
    table.add_row("outcome", Text(outcome, style="bold"))
    return table


def _timeline(events: Log) -> Table | None:
    stays = readings.call_path(events)
    if not stays:
        return None
    table = _grid()
    for stay in stays:
        lasted = "" if stay.until_ms is None else f"{(stay.until_ms - stay.from_ms) / 1000:.1f} s"
        table.add_row(offset(stay.from_ms), Text(plain(stay.state)), Text(lasted, style="dim"))
    return table


def _conversation(events: Log) -> RenderableType:
    table = _grid()
    for logged in events:
        for at_ms, what in event_lines(logged):
            table.add_row(offset(at_ms), what)
    return table if table.row_count else Text("Nothing was said.", style="dim")


def event_lines(logged: LoggedEvent) -> Iterator[tuple[int, Text]]:
    """What a reader is told of one event, with its place in audio time (ms)."""
    event = logged.event
    if isinstance(event, TurnTaken):
        yield event.turn.start_ms, _turn(event.turn)
    elif isinstance(event, VerdictGiven):
        verdict = event.verdict
        if verdict.triggers or verdict.action is not Action.CONTINUE:
            yield from ((event.at_ms, line) for line in _verdict(verdict))
    elif said := note(event):
        yield event.at_ms, Text(said, style="dim")


def _turn(turn: Turn) -> Text:
    line = Text()
    line.append(f"{turn.number:>3} {turn.speaker.value}: ", _SPEAKER_STYLE[turn.speaker])
    line.append(turn.text)
    if turn.interrupted:
        line.append(" [interrupted", "dim")
        line.append(f'; meant to say: "{turn.intended}"]' if turn.intended else "]", "dim")
    return line


def _verdict(verdict: Verdict) -> Iterator[Text]:
    head = f"verdict on turn {verdict.turn}: {plain(verdict.action)} ({verdict.confidence:.0%})"
    yield Text(head, style="bold yellow")
    for trigger in verdict.triggers:
        yield from _trigger(trigger)


def _trigger(trigger: Trigger) -> Iterator[Text]:
    detail = f": {trigger.detail}" if trigger.detail else ""
    yield Text(f"  {plain(trigger.kind)} ({trigger.confidence:.0%}){detail}", style="yellow")
    for citation in trigger.citations:
        yield Text(f"    {_citation(citation)}", style="yellow")
    if trigger.contradiction:
        yield Text(f"    {_contradiction(trigger.contradiction)}", style="yellow")


def _citation(citation: Citation) -> str:
    where = f"turn {citation.turn}, {citation.speaker.value}, {offset(citation.at_ms)}"
    return f'"{citation.quote}" ({where})'


def _contradiction(found: Contradiction) -> str:
    sides = [
        f'{who}: "{what}"'
        for who, what in (
            ("caller", found.said),
            ("record", found.record),
            ("other record", found.other_record),
            ("agent", found.agent_said),
        )
        if what
    ]
    sources = f" [{', '.join(found.sources)}]" if found.sources else ""
    supports = "; the record supports the caller" if found.supports_caller else ""
    return f"{found.about} - {'; '.join(sides)}{supports}{sources}"


def _handoff(handoff: readings.Handoff) -> Table:
    table = _grid()
    for move in handoff.moves:
        human = f"  {move.human}" if move.human else ""
        step = f"{plain(move.source)} -> {plain(move.target)} ({plain(move.event)}){human}"
        table.add_row(offset(move.at_ms), Text(step))
    outcome = plain(handoff.outcome) if handoff.outcome else "none: it was not finished"
    table.add_row("human", Text(handoff.human or "nobody"))
    table.add_row("outcome", Text(outcome, style="bold"))
    return table


def packet_table(packet: Packet) -> Table:
    """The packet as a human reads it."""
    table = _grid()
    verified = "identity verified" if packet.identity_verified else "identity not verified"
    who = ", ".join(filter(None, (packet.customer_name, packet.account_id, packet.phone, verified)))
    rows: list[tuple[str, list[str]]] = [
        ("version", [f"{packet.version}, written by {plain(packet.written_by)}"]),
        ("who", [who]),
        ("why called", [packet.why_called]),
        ("matter", [packet.matter]),
        ("mood", [_mood(packet)]),
        ("summary", [packet.summary]),
        ("triggers", [str(line) for each in packet.triggers for line in _trigger(each)]),
        ("facts", [_claim(claim) for claim in packet.facts]),
        ("contradictions", [_contradiction(each) for each in packet.contradictions]),
        ("tried", [_claim(claim) for claim in packet.tried]),
        ("promises", [_claim(claim) for claim in packet.promises]),
        ("open questions", [_claim(claim) for claim in packet.open_questions]),
        ("do not ask again", [_claim(claim) for claim in packet.do_not_ask_again]),
    ]
    for name, lines in rows:
        if written := [line for line in lines if line.strip()]:
            table.add_row(name, Text("\n".join(written)))
    return table


def _mood(packet: Packet) -> str:
    line = ", ".join(f"{at.frustration:.0%}" for at in packet.mood_over_time)
    return f"{packet.mood} (frustration by turn: {line})" if line else packet.mood


def _claim(claim: Claim) -> str:
    verified = "verified" if claim.verified else "not verified"
    cited = f" {_citation(claim.citation)}" if claim.citation else ""
    return f"{claim.text} [{claim.source}, {verified}]{cited}"


def _callback(booked: CallbackBooked) -> Text:
    due = booked.due_at.astimezone(UTC).strftime(_TIME_FORMAT)
    return Text(f"{due}, priority {booked.priority}: {booked.reason} ({booked.callback_id})")


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    return table

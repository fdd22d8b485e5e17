"""Past calls, and calls in progress as far as they have come: rows, reports, exports.

In: the store. Out: the API's models. Everything told of a call is read from its log; what people
noted about it stands beside. Every method blocks on the disk: use a thread.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from voiceagent.calls import readings
from voiceagent.calls.outputs import read_summary
from voiceagent.calls.readings import Log
from voiceagent.desk.api_models import (
    CallExport,
    CallPage,
    CallRecord,
    CallRow,
    CallSnapshot,
    Mark,
    NoteView,
    Summary,
    Transcript,
    WrapUpView,
)
from voiceagent.desk.recordings import Recordings
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.events import VerdictGiven
from voiceagent.domain.handoff import HandoffOutcome
from voiceagent.store.call_search import search_calls
from voiceagent.store.codec import event_json
from voiceagent.store.desk_store import DeskStore
from voiceagent.store.errors import CallNotFoundError
from voiceagent.store.records import StoredCall
from voiceagent.store.store import Store
from voiceagent.store.worker import WorkerLiveness, liveness

PAGE_SIZE = 50
LONGEST_ID = 64


class PastCalls:
    """What the store holds of calls.

    Args:
        store: calls and their logs.
        desk_store: what people noted of them.
        recordings: their recordings.
    """

    def __init__(self, store: Store, desk_store: DeskStore, recordings: Recordings) -> None:
        self._store = store
        self._desk_store = desk_store
        self._recordings = recordings

    def search(
        self,
        text: str,
        outcome: CallOutcome | None,
        handoff: HandoffOutcome | None,
        *,
        since: datetime | None,
        until: datetime | None,
        account: str,
        page: int,
    ) -> CallPage:
        """One page of the calls that fit; see ``store.call_search.search_calls``."""
        found, total = search_calls(
            self._store,
            text,
            outcome,
            handoff,
            since=since,
            until=until,
            account=account,
            page=page,
            page_size=PAGE_SIZE,
        )
        return CallPage(
            calls=[_row(each.call, each.duration_ms) for each in found],
            page=page,
            pages=max(1, -(-total // PAGE_SIZE)),
            total=total,
        )

    def call(self, call_id: str) -> StoredCall:
        """One call.

        Raises:
            CallNotFoundError: there is none with this identifier.
        """
        if len(call_id) > LONGEST_ID or "\0" in call_id:
            # Postgres takes no NUL, not even to compare with.
            raise CallNotFoundError("There is no such call.", "Search for it.")
        return self._store.call(call_id)

    def record(self, call_id: str, asked_by: str = "") -> CallRecord:
        """Everything written about a call; the marks of whoever asks come last.

        Raises:
            CallNotFoundError: there is no such call.
            StoreError: it cannot be read.
        """
        return CallRecord(**self._written(call_id, asked_by, self._read(call_id)))

    def export(self, call_id: str) -> CallExport:
        """Everything written about a call, its log included.

        Raises:
            CallNotFoundError: there is no such call.
            StoreError: it cannot be read.
        """
        stored, events = self._read(call_id)
        written = self._written(call_id, "", (stored, events))
        return CallExport(**written, events=[event_json(each) for each in events])

    def snapshot(self, call_id: str, events: Log | None = None) -> tuple[CallSnapshot, Log]:
        """A call up to its latest event, as its stream begins.

        Args:
            call_id: which call.
            events: the log, where the caller has it already.

        Raises:
            CallNotFoundError: there is no such call.
            StoreError: it cannot be read.
        """
        stored = self.call(call_id)
        if events is None:
            events = self._store.events(call_id)
        snapshot = CallSnapshot(
            call=_row(stored, readings.last_ms(events)),
            packet=readings.packet(events),
            events=[event_json(each) for each in events],
        )
        return snapshot, events

    def _read(self, call_id: str) -> tuple[StoredCall, Log]:
        return self.call(call_id), self._store.events(call_id)

    def _written(self, call_id: str, asked_by: str, read: tuple[StoredCall, Log]) -> dict[str, Any]:
        stored, events = read
        return {
            "call": _row(stored, readings.last_ms(events)),
            "summary": self._summary(stored, events) if events else None,
            "transcript": _transcript(stored, events),
            "packet": readings.packet(events),
            "verdict_marks": self._marks(call_id, asked_by),
            "wrap_up": self._wrap_up(call_id),
            "notes": self._notes(call_id),
            "has_recording": self._recordings.whole(call_id) is not None,
        }

    def _summary(self, stored: StoredCall, events: Log) -> Summary:
        told = readings.summary_json(events, self._latency(stored.id), _worker(stored))
        numbers = [each.seq for each in events if isinstance(each.event, VerdictGiven)]
        told["verdicts"] = [
            {"seq": seq, **verdict} for seq, verdict in zip(numbers, told["verdicts"], strict=True)
        ]
        told["handoff"]["human_name"] = self._name(told["handoff"]["human"])
        return Summary.model_validate(told)

    def _latency(self, call_id: str) -> dict[str, Any] | None:
        """What was measured on the recording when the call ended; None where nothing was."""
        try:
            latency: dict[str, Any] = read_summary(self._recordings.folder(call_id))["latency"]
        except (OSError, json.JSONDecodeError, KeyError, TypeError):
            return None
        return latency

    def _name(self, human_id: str | None) -> str | None:
        """A human's name; several that were rung together are told by their ids."""
        if not human_id:
            return None
        user = self._desk_store.user(human_id)
        return user.display_name if user else human_id

    def _marks(self, call_id: str, asked_by: str) -> list[Mark]:
        marks = [
            Mark(
                seq=mark.seq,
                right=mark.right,
                note=mark.note,
                by=mark.by_name or mark.by,
                by_id=mark.by,
                at=mark.at,
            )
            for mark in self._desk_store.verdict_marks(call_id)
        ]
        return sorted(marks, key=lambda mark: (mark.seq, mark.by_id == asked_by))

    def _wrap_up(self, call_id: str) -> WrapUpView | None:
        """The latest of those who held the call."""
        wrap_ups = self._desk_store.wrap_ups(call_id)
        if not wrap_ups:
            return None
        latest = wrap_ups[-1]
        return WrapUpView(
            disposition=latest.disposition,
            note=latest.note,
            by=latest.by_name or latest.by,
            by_id=latest.by,
            at=latest.at,
            callback_due_at=latest.callback_due_at,
        )

    def _notes(self, call_id: str) -> list[NoteView]:
        return [
            NoteView(
                by=note.by_name or note.by,
                by_id=note.by,
                text=note.text,
                updated_at=note.updated_at,
            )
            for note in self._desk_store.notes(call_id)
        ]


def _worker(stored: StoredCall) -> WorkerLiveness:
    return WorkerLiveness.GONE if stored.released_at else liveness(stored.worker)


def _row(stored: StoredCall, duration_ms: int) -> CallRow:
    ended_at = stored.ended_at
    if ended_at is None and _worker(stored) is WorkerLiveness.GONE:
        # Cut off: nothing more will come, and no list should show it as running.
        ended_at = stored.released_at or stored.started_at + timedelta(milliseconds=duration_ms)
    return CallRow(
        id=stored.id,
        account_id=stored.account_id,
        customer_name=stored.customer_name,
        phone=stored.phone,
        playbook=stored.playbook,
        language=stored.language,
        leg=stored.leg,
        started_at=stored.started_at,
        ended_at=ended_at,
        state=stored.state,
        outcome=stored.outcome,
        handoff_outcome=stored.handoff_outcome,
        duration_ms=duration_ms,
    )


def _transcript(stored: StoredCall, events: Log) -> Transcript:
    if events:
        return Transcript.model_validate(readings.transcript_json(events))
    return Transcript(
        call_id=stored.id, account_id=stored.account_id, language=stored.language, turns=[]
    )

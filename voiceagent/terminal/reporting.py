"""``voiceagent report``: one call told from its log alone."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from voiceagent.calls.report import render_report, report_json
from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings
from voiceagent.store.opening import open_store


def print_calls(settings: Settings, console: Console) -> None:
    """Print the latest calls, the newest first, for choosing one to report.

    Raises:
        StoreError: the store cannot be read.
    """
    with open_store(settings.store_url) as store:
        calls = store.latest_calls(20)
    table = Table("call", "account", "started", "state", "outcome", "handoff", box=None)
    for call in calls:
        table.add_row(
            call.id,
            call.account_id,
            f"{call.started_at:%Y-%m-%d %H:%M:%S}",
            str(call.state or ""),
            str(call.outcome or ""),
            str(call.handoff_outcome or ""),
        )
    console.print(table if calls else "No call was placed yet. Place one: voiceagent demo")


def print_report(settings: Settings, call_id: str, console: Console, *, as_json: bool) -> None:
    """Print the report of one call.

    Args:
        call_id: as it was printed when the call was placed, or ``last``.

    Raises:
        InputError: there is no call at all.
        StoreError: there is no such call, or the store cannot be read.
    """
    with open_store(settings.store_url) as store:
        if call_id == "last":
            latest = store.latest_calls(1)
            if not latest:
                raise InputError("No call was placed yet.", "Place one: voiceagent demo")
            call_id = latest[0].id
        store.call(call_id)
        events = tuple(store.events(call_id))
        worker = store.call_worker(call_id)
    if as_json and events:
        console.print_json(json.dumps(report_json(events, None, worker), ensure_ascii=False))
    else:
        render_report(events, console, worker)

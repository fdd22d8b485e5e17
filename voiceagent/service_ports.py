"""What the desk reaches the rest of a service through: live calls, callbacks, health.

In: what ``app`` has opened. Out: the desk's narrow ports (``desk.seat_ports``) and the checks that
``/readyz`` asks. Nothing here starts or ends anything.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from voiceagent.calls.booking import StoreBook
from voiceagent.desk.live_calls import LiveCalls
from voiceagent.desk.seat_ports import CallInfo
from voiceagent.dialogue.llm_endpoint import check_endpoint
from voiceagent.domain.callback import CallbackRequest
from voiceagent.speech.model_pool import Priority
from voiceagent.store.store import Store
from voiceagent.wiring import Resources, utc_now

_CHECK_S = 2.5


class Infos:
    """The live calls, as the agents' side looks at them."""

    def __init__(self, live: LiveCalls) -> None:
        self._live = live

    def info(self, call_id: str) -> CallInfo | None:
        """What is known of a call now."""
        found = self._live.get(call_id)
        if found is None:
            return None
        view = found.view
        return CallInfo(
            customer_name=view.customer_name,
            phone=view.info.phone,
            language=view.info.language,
            matter=view.matter,
            why=view.why,
            mood=view.mood_word,
            frustration=view.frustration,
            waiting_since=view.waiting_since,
            packet=view.packet,
        )

    def live(self) -> int:
        """How many calls are live."""
        return len(self._live.in_progress())

    def waiting(self) -> int:
        """How many of them are on hold for a human."""
        return sum(view.waiting_since is not None for view in self._live.in_progress())


class Book:
    """Callbacks and blocked numbers, from what a human writes down after a call."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._book = StoreBook(store, utc_now)

    async def book(self, call_id: str, due_at: datetime, reason: str) -> None:
        """Promise the callee of a call a callback; a second promise moves the first."""
        call = await asyncio.to_thread(self._store.call, call_id)
        await self._book.book(
            CallbackRequest(
                id=f"{call_id}:wrap-up",
                account_id=call.account_id,
                phone=call.phone,
                due_at=due_at,
                reason=reason,
                from_call=call_id,
            )
        )

    async def forbid(self, call_id: str) -> None:
        """Never call the callee of this call again."""
        call = await asyncio.to_thread(self._store.call, call_id)
        await self._book.forbid(call.phone, f"call {call_id}")


class Checks:
    """What has to work before calls can be placed."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def all(self) -> dict[str, Any]:
        """By name."""
        return {
            "store": self._store,
            "speech": self._speech,
            "language_model": self._language_model,
            "prompts": self._prompts,
        }

    async def _store(self) -> bool:
        await asyncio.to_thread(self._resources.store.latest_calls, 1)
        return True

    async def _speech(self) -> bool:
        await self._resources.speech.pool.run(Priority.FINAL, _nothing, deadline_s=_CHECK_S)
        return True

    async def _language_model(self) -> bool:
        local = self._resources.local
        if local is not None:
            return local.pid is not None and local.failure is None
        endpoint = self._resources.endpoint
        await check_endpoint(endpoint.url, endpoint.model, endpoint.api_key, _CHECK_S)
        return True

    async def _prompts(self) -> bool:
        report = await asyncio.to_thread(self._resources.prompts.refresh)
        return all(file.used != "none" for file in report.files)


def _nothing() -> None:
    """What a worker thread that still works can do."""

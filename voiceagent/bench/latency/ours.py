"""Our side of the bench: the product's own live call, on a line to the bench's caller.

Nothing of the call is replaced but two things. The supervisor does all its work and then always
says "continue", because sentences from a novel would otherwise be handed over; and, with the
scripted language model, the playbook has no tools. The disclosure is played and not measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from importlib import resources as package_files
from typing import Any

import yaml
from pipecat.flows import FlowConfig

from voiceagent.app import Application
from voiceagent.bench.latency.caller import BenchCaller, CallerOptions
from voiceagent.bench.latency.leg import BenchLeg
from voiceagent.bench.latency.plan import PlannedCall
from voiceagent.bench.latency.record import CallRecord, Observed, Stage
from voiceagent.bench.latency.stages import StageObserver
from voiceagent.bench.latency.system import SystemOptions
from voiceagent.calls.event_log import EventLog
from voiceagent.calls.live_call import LiveCall
from voiceagent.calls.order import CallOrder
from voiceagent.dialogue.playbook import Playbook, load_playbook
from voiceagent.domain.call import CallState
from voiceagent.domain.errors import SpeechError
from voiceagent.domain.events import AnyEvent, CallMoved, LoggedEvent, TurnTaken, VerdictGiven
from voiceagent.domain.transcript import Speaker
from voiceagent.domain.verdict import Action, Repair, Verdict
from voiceagent.handoff.roster import Roster
from voiceagent.settings import Settings
from voiceagent.store.records import NewCall
from voiceagent.supervisor.watcher import Supervisor
from voiceagent.wiring import call_parts, utc_now

DEFAULT_ACCOUNT = "C-1001"
_PLAYBOOK = "billing_callback"
_LANGUAGE = "en"
_DISCLOSURE = "Hello, this is an automated assistant, an AI."
_OPENING_DEADLINE_S = 60.0
_LONGEST_CALL_S = 900.0
_END_DEADLINE_S = 30.0


class ContentSupervisor(Supervisor):
    """Reads every event as the real one does, and is always content."""

    def observe(self, event: AnyEvent) -> Verdict | None:
        """The real verdict's work, without its consequences."""
        verdict = super().observe(event)
        if verdict is None:
            return None
        return replace(verdict, action=Action.CONTINUE, triggers=(), repair=Repair.NONE)


class Ours:
    """The application, its models loaded; use :meth:`open`."""

    def __init__(
        self, application: Application, options: SystemOptions, settings: Settings
    ) -> None:
        self._application = application
        self._options = options
        self._settings = settings

    @classmethod
    async def open(cls, options: SystemOptions, settings: Settings) -> Ours:
        """Load everything a call needs.

        Raises:
            VoiceAgentError: what the application raises.
        """
        application = Application(settings)
        await application.__aenter__()
        return cls(application, options, settings)

    async def close(self) -> None:
        """End everything."""
        await self._application.__aexit__(None, None, None)

    async def call(self, call: PlannedCall, seed: int) -> CallRecord:
        """Hold one call."""
        rate_hz = self._options.rate_hz
        caller = BenchCaller(
            call.turns, CallerOptions(rate_hz, rate_hz, patience_s=call.patience_s, seed=seed)
        )
        leg = BenchLeg(caller, rate_hz)
        watch = _Watch(StageObserver())
        log, live = await self._live_call(call, leg, watch)
        running = asyncio.create_task(live.run(), name="bench-call")
        try:
            await _first(watch.opened.wait(), running, _OPENING_DEADLINE_S)
            if not watch.opened.is_set():
                running.result()
                raise SpeechError("The call ended before the disclosure was played.")
            begun, cpu = time.monotonic(), time.process_time()
            caller.begin(begun)
            await _first(caller.finished.wait(), running, _LONGEST_CALL_S)
            cpu, wall = time.process_time() - cpu, time.monotonic() - begun
            leg.leave()
            await asyncio.wait_for(running, _END_DEADLINE_S)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await log.close()
        record = caller.record(begun, watch.all())
        return replace(record, cpu_s=cpu, wall_s=wall, late_s=leg.late_s)

    async def _live_call(
        self, call: PlannedCall, leg: BenchLeg, watch: _Watch
    ) -> tuple[EventLog, LiveCall]:
        resources, settings = self._application.resources, self._settings
        account = call.account or DEFAULT_ACCOUNT
        record = await resources.accounts.load(account)
        playbook = await asyncio.to_thread(self._playbook, settings)
        phrases = await resources.speech.phrases(playbook, record, leg.sample_rate_hz)
        call_id = f"bench-{uuid.uuid4().hex[:12]}"
        new = NewCall(
            id=call_id,
            account_id=account,
            phone=record.customer.phone,
            playbook=playbook.name,
            language=_LANGUAGE,
            leg=leg.kind,
            started_at=utc_now(),
        )
        await asyncio.to_thread(resources.store.begin_call, new)
        log = EventLog(resources.store, call_id, utc_now)
        log.subscribe(watch.on_event, critical=True)
        parts = call_parts(resources, Roster(), phrases)
        policy = resources.prompts.policy
        parts = replace(
            parts, supervisor=lambda: ContentSupervisor(policy), observers=(watch.observer,)
        )
        order = CallOrder(call_id, record, playbook, settings.company)
        return log, LiveCall(order, leg, parts, log)

    def _playbook(self, settings: Settings) -> Playbook:
        playbook = load_playbook(settings.prompts_dir, _PLAYBOOK, _LANGUAGE)
        if not self._options.llm_url:
            return playbook
        text = package_files.files(__package__).joinpath("playbook.yaml").read_text("utf-8")
        phrases = playbook.phrases.model_copy(update={"disclosure": _DISCLOSURE})
        flow = FlowConfig.model_validate(yaml.safe_load(text))
        return replace(playbook, name="bench", flow=flow, phrases=phrases, examples="")


class _Watch:
    """What the pipeline and the log report of one call."""

    def __init__(self, observer: StageObserver) -> None:
        self.observer = observer
        self.opened = asyncio.Event()
        self._events: list[Observed] = []

    def on_event(self, logged: LoggedEvent) -> None:
        event = logged.event
        now_s = time.monotonic()
        if isinstance(event, CallMoved) and event.target is CallState.TALKING:
            self.opened.set()
        elif isinstance(event, TurnTaken) and event.turn.speaker is Speaker.CALLER:
            self._events.append(Observed(now_s, Stage.TURN, event.turn.text))
        elif isinstance(event, VerdictGiven):
            self._events.append(Observed(now_s, Stage.VERDICT))

    def all(self) -> list[Observed]:
        return sorted([*self.observer.observed, *self._events], key=lambda seen: seen.at_s)


async def _first(
    waiting: Coroutine[Any, Any, bool], running: asyncio.Task[Any], deadline_s: float
) -> None:
    """Wait for one of two things, or the deadline."""
    wait = asyncio.ensure_future(waiting)
    try:
        await asyncio.wait({wait, running}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        wait.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await wait

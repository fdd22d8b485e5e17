"""What the agent can do in a call: the functions the language model may ask for.

In come a function's name and arguments from the language model; out come a small result it can
put into words, and events. ``AccountTools`` is made once per call, and its bound methods are the
handlers a playbook's flow names (``Flow(config, handlers=[tools, ...])``): the docstring of each
is what the language model reads, the first line saying what it does and when to use it.

All calls go through one gate, ``_call``: it reports the call and its result, checks that the
caller's identity is verified where the tool needs it, keeps the deadline, and turns every failure
into a result with ``ok`` false. A result always has ``ok`` and ``status``; the flow branches on
``status``.
"""

# ruff: noqa: ARG002  (pipecat hands every function the flow manager)
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipecat.flows import NO_RESPONSE, TRANSITION_IN_YAML, FlowManager

from voiceagent.accounts.protocol import AccountService
from voiceagent.dialogue import account_wording
from voiceagent.dialogue.callback_time import Unclear, parse_callback_time
from voiceagent.dialogue.said import was_said
from voiceagent.dialogue.tool_options import AccountToolsOptions, CallbackBook, Clock, Reporter
from voiceagent.dialogue.wording import postal_code_in, speak_moment
from voiceagent.domain.callback import CallbackRequest
from voiceagent.domain.errors import IdentityNotVerifiedError, VoiceAgentError
from voiceagent.domain.events import (
    AccountLoaded,
    CallbackBooked,
    DoNotCallEntered,
    IdentityChecked,
    ToolCalled,
    ToolReturned,
)

__all__ = [
    "NEEDS_IDENTITY",
    "AccountTools",
    "AccountToolsOptions",
    "CallbackBook",
    "Clock",
    "Reporter",
]

_log = logging.getLogger(__name__)

Result = dict[str, Any]

NEEDS_IDENTITY = frozenset(
    {"look_up_invoices", "look_up_payments", "look_up_plan", "correct_address", "open_case"}
)
"""Tools that tell or change something of the account: only for its verified owner."""


class AccountTools:
    """The tools of one call, bound to one account."""

    def __init__(
        self,
        account_id: str,
        accounts: AccountService,
        book: CallbackBook,
        clock: Clock,
        report: Reporter,
        options: AccountToolsOptions,
    ) -> None:
        self._account_id = account_id
        self._accounts = accounts
        self._book = book
        self._clock = clock
        self._report = report
        self._options = options
        self._zone = ZoneInfo(options.time_zone)
        self._verified = False
        self._wrong_tries = 0

    @property
    def identity_verified(self) -> bool:
        """Whether the caller has proved who they are."""
        return self._verified

    # Tools. Signature and docstring are what the language model is shown.

    async def confirm_identity(
        self, flow_manager: FlowManager, postal_code: str
    ) -> tuple[Result, Any]:
        """Check the customer's ZIP or postal code. Use when the customer says a postal code.

        Args:
            postal_code: The postal code exactly as the customer said it.
        """
        return await self._call(
            "confirm_identity",
            {"postal_code": postal_code},
            lambda: self._confirm_identity(postal_code),
        )

    async def look_up_invoices(self, flow_manager: FlowManager) -> tuple[Result, Any]:
        """Get the invoices. Use for questions about a bill, amount, charge, due date or credit."""
        return await self._call("look_up_invoices", {}, self._look_up_invoices)

    async def look_up_payments(self, flow_manager: FlowManager) -> tuple[Result, Any]:
        """Get the payments received. Use when the customer says they paid or were charged twice."""
        return await self._call("look_up_payments", {}, self._look_up_payments)

    async def look_up_plan(self, flow_manager: FlowManager) -> tuple[Result, Any]:
        """Get the plan and its monthly price. Use when the customer asks what they should pay."""
        return await self._call("look_up_plan", {}, self._look_up_plan)

    async def correct_address(
        self, flow_manager: FlowManager, street: str, city: str, postal_code: str
    ) -> tuple[Result, Any]:
        """Change the address. Use only when the customer has said the whole new address.

        Args:
            street: Street and house number.
            city: City.
            postal_code: ZIP or postal code.
        """
        return await self._call(
            "correct_address",
            {"street": street, "city": city, "postal_code": postal_code},
            lambda: self._correct_address(street, city, postal_code),
        )

    async def open_case(self, flow_manager: FlowManager, subject: str) -> tuple[Result, Any]:
        """Write down a problem for the billing team. Use when the records cannot settle it.

        Args:
            subject: The problem in one sentence.
        """
        return await self._call("open_case", {"subject": subject}, lambda: self._open_case(subject))

    async def schedule_callback(self, flow_manager: FlowManager, when: str) -> tuple[Result, Any]:
        """Book a call at another time. Use when the customer says when to call again.

        Args:
            when: Day and time exactly as the customer said it, for example "tomorrow at ten".
        """
        return await self._call(
            "schedule_callback", {"when": when}, lambda: self._schedule_callback(when)
        )

    async def do_not_call(self, flow_manager: FlowManager) -> tuple[Result, Any]:
        """Never call this number again. Use when the customer says to stop calling them."""
        return await self._call("do_not_call", {}, self._do_not_call)

    async def transfer_to_person(
        self, flow_manager: FlowManager, reason: str
    ) -> tuple[Result, Any]:
        """Ask for a human. Use when the customer wants a person or you cannot help.

        Args:
            reason: Why, in a few words.
        """
        # Whether and to whom is decided by the supervisor, which reads the event and announces it.
        result, then = await self._call("transfer_to_person", {"reason": reason}, _requested)
        return result, NO_RESPONSE if result["ok"] else then

    async def end_call(self, flow_manager: FlowManager) -> tuple[Result, Any]:
        """End the call. Use only when the customer says goodbye or needs nothing more."""
        return await self._call("end_call", {}, _requested)

    # The gate.

    async def _call(
        self, tool: str, arguments: dict[str, Any], work: Callable[[], Awaitable[Result]]
    ) -> tuple[Result, Any]:
        try:
            async with asyncio.timeout(self._options.deadline_s):
                await self._report(
                    lambda at_ms: ToolCalled(at_ms=at_ms, tool=tool, arguments=arguments)
                )
                self._demand_identity(tool)
                result = await work()
        except IdentityNotVerifiedError as error:
            result = _failure("identity_not_verified", error.problem)
        except TimeoutError:
            _log.warning("Tool %s ran past its deadline", tool)
            result = self._unavailable()
        except VoiceAgentError as error:
            _log.warning("Tool %s failed: %s", tool, error.code)
            result = self._unavailable()
        except Exception as error:  # a tool never ends the call
            _log.error("Tool %s broke: %s", tool, type(error).__name__)
            result = self._unavailable()
        changed = bool(result.pop("changed", False))
        await self._report_result(tool, result, changed)
        return result, TRANSITION_IN_YAML

    def _demand_identity(self, tool: str) -> None:
        if tool in NEEDS_IDENTITY and not self._verified:
            raise IdentityNotVerifiedError(account_wording.ask_postal_code(self._options.language))

    def _unavailable(self) -> Result:
        return _failure("unavailable", account_wording.unavailable(self._options.language))

    async def _report_result(self, tool: str, result: Result, changed: bool) -> None:
        try:
            async with asyncio.timeout(self._options.deadline_s):
                await self._report(
                    lambda at_ms: ToolReturned(
                        at_ms=at_ms, tool=tool, ok=result["ok"], result=result, changed=changed
                    )
                )
        except (TimeoutError, VoiceAgentError) as error:
            _log.error("The result of tool %s is not recorded: %s", tool, type(error).__name__)

    # The work.

    async def _confirm_identity(self, postal_code: str) -> Result:
        language = self._options.language
        if self._verified:
            return {"ok": True, "status": "verified"}
        if self._wrong_tries >= self._options.identity_tries:
            return _failure("failed", account_wording.identity_failed(language))
        given = postal_code_in(str(postal_code), language)
        if len(given) < 4 or not self._was_said(given):
            return _failure("unclear", account_wording.postal_code_unclear(language))
        self._verified = await self._accounts.check_postal_code(self._account_id, given)
        verified = self._verified
        self._wrong_tries += not verified
        await self._report(
            lambda at_ms: IdentityChecked(at_ms=at_ms, verified=verified, method="postal_code")
        )
        if verified:
            return {"ok": True, "status": "verified"}
        if self._wrong_tries >= self._options.identity_tries:
            return _failure("failed", account_wording.identity_failed(language))
        return _failure("wrong", account_wording.postal_code_wrong(language))

    def _was_said(self, argument: str) -> bool:
        heard = self._options.heard
        return heard is None or was_said(argument, heard(), self._options.language)

    async def _look_up_invoices(self) -> Result:
        record = await self._accounts.load(self._account_id)
        return account_wording.invoices(record, self._options.language, self._today())

    async def _look_up_payments(self) -> Result:
        record = await self._accounts.load(self._account_id)
        return account_wording.payments(record, self._options.language, self._today())

    async def _look_up_plan(self) -> Result:
        record = await self._accounts.load(self._account_id)
        return account_wording.plan(record, self._options.language)

    async def _correct_address(self, street: str, city: str, postal_code: str) -> Result:
        given = (str(street).strip(), str(city).strip(), str(postal_code).strip())
        if not all(given) or not all(self._was_said(part) for part in given):
            return _failure(
                "incomplete", account_wording.address_incomplete(self._options.language)
            )
        code = postal_code_in(given[2], self._options.language) or given[2]
        record = await self._accounts.correct_address(self._account_id, given[0], given[1], code)
        await self._report(lambda at_ms: AccountLoaded(at_ms=at_ms, record=record))
        who = record.customer
        return {
            "ok": True,
            "status": "changed",
            "changed": True,
            "address": f"{who.street}, {who.city} {who.postal_code}",
        }

    async def _open_case(self, subject: str) -> Result:
        note = await self._accounts.open_case(self._account_id, str(subject).strip())
        record = await self._accounts.load(self._account_id)
        await self._report(lambda at_ms: AccountLoaded(at_ms=at_ms, record=record))
        return {"ok": True, "status": "opened", "changed": True, "case": note.id}

    async def _schedule_callback(self, when: str) -> Result:
        options = self._options
        now = self._clock()
        moment = parse_callback_time(str(when), now, self._zone, options.language)
        if isinstance(moment, Unclear):
            return _failure("unclear", account_wording.ask_when(moment, options.language))
        if moment - now > timedelta(days=options.horizon_days):
            return _failure(
                "too_far", account_wording.too_far(options.horizon_days, options.language)
            )
        if not options.earliest <= moment.time() < options.latest:
            return _failure(
                "outside_hours",
                account_wording.outside_hours(options.earliest, options.latest, options.language),
            )
        request = CallbackRequest(
            id=f"{options.call_id}:promised",
            account_id=self._account_id,
            phone=options.phone,
            due_at=moment.astimezone(UTC),
            reason=options.reason,
            from_call=options.call_id,
        )
        await self._book.book(request)
        await self._report(
            lambda at_ms: CallbackBooked(
                at_ms=at_ms,
                callback_id=request.id,
                due_at=request.due_at,
                reason=request.reason,
                priority=request.priority,
            )
        )
        return {
            "ok": True,
            "status": "booked",
            "changed": True,
            "when": speak_moment(moment, options.language, self._today()),
            "local": moment.isoformat(),
            "due_at": request.due_at.isoformat(),
        }

    async def _do_not_call(self) -> Result:
        options = self._options
        turn = options.turn()
        await self._book.forbid(options.phone, f"call {options.call_id} turn {turn}")
        await self._report(
            lambda at_ms: DoNotCallEntered(at_ms=at_ms, phone=options.phone, turn=turn)
        )
        return {"ok": True, "status": "blocked", "changed": True}

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()


async def _requested() -> Result:
    return {"ok": True, "status": "requested"}


def _failure(status: str, tell: str) -> Result:
    """A result the language model can speak about: ``tell`` is what to say to the customer."""
    return {"ok": False, "status": status, "tell": tell}

"""What the dialogue of one call is made of: its tools and its guard, bound to this callee."""

from __future__ import annotations

from voiceagent.calls.journal import Journal
from voiceagent.calls.order import CallOrder, CallParts
from voiceagent.calls.promises import callee_day
from voiceagent.dialogue.grounding import Evidence
from voiceagent.dialogue.guard import ReplyGuard
from voiceagent.dialogue.playbook import CallScript
from voiceagent.dialogue.reply_filter import Replacements
from voiceagent.dialogue.tools import AccountTools, AccountToolsOptions


def account_tools(order: CallOrder, parts: CallParts, journal: Journal) -> AccountTools:
    """The tools, bound to the callee's account and reporting to this call's log."""
    customer = order.record.customer
    options = AccountToolsOptions(
        call_id=order.call_id,
        phone=customer.phone,
        time_zone=customer.time_zone,
        language=order.playbook.language,
        reason=order.record.callback_reason,
        turn=lambda: journal.turns,
        heard=journal.caller_words,
    )
    return AccountTools(customer.id, parts.accounts, parts.book, parts.clock, journal.note, options)


def reply_guard(
    order: CallOrder, parts: CallParts, journal: Journal, script: CallScript
) -> ReplyGuard:
    """The guard, with everything this call has shown so far and will show as its evidence."""
    today = callee_day(parts.clock(), order.record.customer.time_zone)
    evidence = Evidence(order.playbook.language, today)
    for _, line in script.phrases.lines():
        evidence.add_text(line)
    for logged in journal.events():
        evidence.take(logged.event)
    journal.listen(lambda logged: evidence.take(logged.event))
    lines = script.phrases.fallback
    replacements = Replacements(lines.reply_withheld, lines.reply_withheld_after_opener)
    return ReplyGuard(evidence, replacements, journal.note)

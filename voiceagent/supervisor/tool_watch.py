"""Tools that fail, and what that says about whether the agent can help.

In: results of tools. Out: grounds that add to their score: more for a tool that fails again, less
where only the caller's answer could not be used, none where the language model was too early.
A tool that works takes back its own failures.
"""

from __future__ import annotations

from voiceagent.domain.events import ToolReturned
from voiceagent.domain.transcript import Citation
from voiceagent.domain.verdict import Trigger, TriggerKind
from voiceagent.supervisor.grounds import Grounds, counted
from voiceagent.supervisor.policy import Policy, Score
from voiceagent.supervisor.scores import Scores


class ToolWatch:
    """The tools of one call. ``scores`` are the call's."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._failed: set[str] = set()

    def returned(self, event: ToolReturned, cited: tuple[Citation, ...]) -> Grounds:
        """The ground in a result; ``cited`` is what the tool was used for."""
        if event.ok:
            self._failed.discard(event.tool)
            if not self._failed:
                self._scores.clear(Score.TOOL_FAILED)
            return Grounds()
        rule, status = self._policy.tool_failures, str(event.result.get("status", ""))
        if status in rule.expected:
            return Grounds()
        name = "asks_again" if status in rule.asks_again else "failed"
        if name == "failed":
            name = "failed_again" if event.tool in self._failed else "failed"
            self._failed.add(event.tool)
        detail = f"{event.tool}: {status or 'failed'}"
        trigger = Trigger(TriggerKind.TOOL_FAILED, 0.8, cited, detail=detail)
        return counted(self._scores, Score.TOOL_FAILED, name, trigger)

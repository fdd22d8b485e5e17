"""How well caller and agent understand each other, and what the agent should do about it.

In: the turns of both sides, and the news that the talk got ahead. Out: grounds that add to the
misunderstanding score, and the step of repair that goes with it: speak more slowly, confirm, ask
to spell or to key in; beyond the last step the score calls for a person. What the agent itself
failed to understand shows in the verdict after the caller's next turn.

A single sign is often nothing ("what?" is also said when a truck goes by), so signs add up, fade,
and the step is taken back one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz

from voiceagent.domain.transcript import Citation, Turn
from voiceagent.domain.verdict import Repair, Trigger, TriggerKind
from voiceagent.supervisor.grounds import Grounds, counted
from voiceagent.supervisor.policy import Heard, Policy, Score
from voiceagent.supervisor.rephrasing import ContentWords, alike
from voiceagent.supervisor.scores import Scores
from voiceagent.supervisor.signals import (
    cite,
    cite_turn,
    earlier_request,
    heard_in,
    plain,
    same_numbers,
    unclear,
)


class MisunderstandingMeter:
    """The understanding in one call. ``scores`` are the call's."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._content = ContentWords(policy.rephrasing)
        self._steps = policy.repair.thresholds()
        self._step = 0
        self._pending: list[tuple[str, Trigger]] = []
        self._agent: Turn | None = None
        self._asked_back = False
        self._open_requests: list[tuple[Turn, frozenset[str]]] = []

    @property
    def repair(self) -> Repair:
        """What the agent should do from now on."""
        return self._steps[self._step - 1][0] if self._step else Repair.NONE

    def agent_said(self, turn: Turn, languages: Sequence[str]) -> None:
        """Keep what the agent's turn tells about understanding until the caller's next turn."""
        phrases = self._policy.phrases
        lost = heard_in(turn.text, languages, phrases, (Heard.AGENT_DID_NOT_UNDERSTAND,))
        if lost:
            place = cite(turn, lost[0].start, lost[0].end)
            self._keep("agent_did_not_understand", 0.8, (place,), "the agent did not understand")
        elif (before := self._agent) and not self._asked_back and self._says_again(before, turn):
            cited = (cite_turn(before), cite_turn(turn))
            self._keep("agent_repeated", 0.6, cited, "the agent said the same again")
        self._agent = turn

    def caller_said(self, turn: Turn, languages: Sequence[str], earlier: Sequence[Turn]) -> Grounds:
        """The grounds in this turn; ``earlier`` are the caller's turns before it, oldest first."""
        grounds, pending = Grounds(), self._pending
        self._pending = []
        for name, trigger in pending:
            grounds += counted(self._scores, Score.MISUNDERSTANDING, name, trigger)
        signals = heard_in(turn.text, languages, self._policy.phrases, (Heard.NOT_UNDERSTOOD,))
        self._asked_back = bool(signals)
        for signal in signals:
            place = cite(turn, signal.start, signal.end)
            grounds += self._sign("not_understood", 0.8, (place,), "said so")
        limits = self._policy.limits
        words = self._content.of(turn.text, languages)
        asked_with = self._asked_with(languages)
        # The agent asked with these words: the caller answers, and repeats nothing.
        answers = bool(words) and words <= asked_with
        if not answers and (before := earlier_request(turn, earlier, limits)):
            cited = (cite_turn(before), cite_turn(turn))
            grounds += self._sign("repeated", 0.8, cited, "said the same again")
        elif before := self._rephrased(turn, languages, words, asked_with):
            cited = (cite_turn(before), cite_turn(turn))
            grounds += self._sign("rephrased", 0.6, cited, "said the same in other words")
        previous = earlier[-1] if earlier else None
        if unclear(turn, previous, limits):
            grounds += self._sign("unclear", 0.6, (cite_turn(turn),), "hardly recognised")
        if previous and min(turn.overlap_ms, previous.overlap_ms) >= limits.overlap_from_ms:
            cited = (cite_turn(previous), cite_turn(turn))
            grounds += self._sign("overlapped", 0.6, cited, "both talked at once")
        return grounds

    def take_step(self) -> None:
        """Go to the step of repair the score calls for now: up at once, back one at a time."""
        value = self._scores.value(Score.MISUNDERSTANDING)
        reached = sum(value >= threshold for _, threshold in self._steps)
        if reached >= self._step:
            self._step = reached
        elif value < self._steps[self._step - 1][1] * self._policy.repair.left_below:
            self._step -= 1

    def got_ahead(self) -> None:
        """Something was found, done or agreed: what was asked before is no longer open."""
        self._open_requests.clear()
        self._scores.lessen(Score.MISUNDERSTANDING, self._policy.repair.progress_keeps)

    def start_afresh(self) -> None:
        """The scores were cleared: the caller was with a human, or on hold for one."""
        self._step = 0
        self._pending.clear()

    def _keep(self, name: str, confidence: float, cited: tuple[Citation, ...], detail: str) -> None:
        trigger = Trigger(TriggerKind.MISUNDERSTANDING, confidence, cited, detail=detail)
        self._pending = [*(p for p in self._pending if p[0] != name), (name, trigger)]

    def _sign(
        self, name: str, confidence: float, cited: tuple[Citation, ...], detail: str
    ) -> Grounds:
        trigger = Trigger(TriggerKind.MISUNDERSTANDING, confidence, cited, detail=detail)
        return counted(self._scores, Score.MISUNDERSTANDING, name, trigger)

    def _says_again(self, before: Turn, turn: Turn) -> bool:
        limits = self._policy.limits
        was, now = plain(before.intended or before.text), plain(turn.intended or turn.text)
        if min(len(was.split()), len(now.split())) < limits.agent_repeats_from_words:
            return False
        return fuzz.ratio(was, now) >= limits.agent_repeats_from_similarity

    def _asked_with(self, languages: Sequence[str]) -> frozenset[str]:
        """The content words of the agent's last turn, if it asks something."""
        if self._agent is None or not self._agent.text.rstrip().endswith("?"):
            return frozenset()
        return self._content.of(self._agent.text, languages)

    def _rephrased(
        self,
        turn: Turn,
        languages: Sequence[str],
        words: frozenset[str],
        asked_with: frozenset[str],
    ) -> Turn | None:
        """The caller's earlier turn that this one puts in other words, if it is still open."""
        rule = self._policy.rephrasing
        if len(words) < rule.from_content_words:
            return None
        recent = self._open_requests[-rule.within_turns :]
        self._open_requests = [*recent, (turn, words)]
        if heard_in(turn.text, languages, self._policy.phrases, (Heard.ACCEPTS,)):
            return None
        for before, theirs in reversed(recent):
            shared = words & theirs
            enough = len(shared) >= rule.from_content_words and not shared <= asked_with
            enough = enough and alike(words, theirs) >= rule.from_similarity
            if enough and same_numbers(turn, before):
                return before
        return None

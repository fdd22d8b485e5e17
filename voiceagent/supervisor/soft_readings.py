"""Everything in a call that adds up: each reading of its events, side by side.

In: the events of one call, as the watcher passes them on. Out: grounds that count towards scores,
the step of repair, and how strong each sign of frustration is. No reading knows another; they meet
in the ``scores``. Of all of them only a contradiction that the record bears out acts by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import FrustrationScored, SecondOpinionGiven, ToolReturned
from voiceagent.domain.transcript import Citation, Turn
from voiceagent.domain.verdict import Repair, Trigger, TriggerKind
from voiceagent.supervisor.grounds import Grounds, counted, heard_well
from voiceagent.supervisor.misunderstanding import MisunderstandingMeter
from voiceagent.supervisor.opinions import Opinions
from voiceagent.supervisor.policy import Heard, Policy, Score
from voiceagent.supervisor.policy_sections import Sign
from voiceagent.supervisor.progress import ProgressMeter
from voiceagent.supervisor.record_check import RecordCheck
from voiceagent.supervisor.said_before import SaidBefore
from voiceagent.supervisor.scores import Scores
from voiceagent.supervisor.signals import cite, cite_turn, heard_in
from voiceagent.supervisor.tool_watch import ToolWatch
from voiceagent.supervisor.voice import VoiceStart

ANGER = {Heard.ANGER_STRONG: ("strong", 0.9), Heard.ANGER_MILD: ("mild", 0.7)}
"""What each phrase list of anger is called in the policy's weights, and how sure it is."""


class SoftReadings:
    """The soft grounds of one call. ``scores`` are the call's."""

    def __init__(self, policy: Policy, scores: Scores) -> None:
        self._policy = policy
        self._scores = scores
        self._misunderstanding = MisunderstandingMeter(policy, scores)
        self._progress = ProgressMeter(policy, scores)
        self._tools = ToolWatch(policy, scores)
        self._said_before = SaidBefore(policy, scores)
        self._voice = VoiceStart(policy.voice)
        self._opinions = Opinions(policy, scores)
        self._record_check = RecordCheck(policy, scores)
        self._signs: dict[Sign, float] = {}

    @property
    def repair(self) -> Repair:
        """What the agent should do about misunderstandings from now on."""
        return self._misunderstanding.repair

    @property
    def signs(self) -> Mapping[Sign, float]:
        """How strong the signs of frustration are at the caller's latest turn, 0..1."""
        levels = {
            Sign.MISUNDERSTANDING: Score.MISUNDERSTANDING,
            Sign.CONTRADICTION: Score.CONTRADICTION,
            Sign.TOOL_FAILED: Score.TOOL_FAILED,
            Sign.NO_PROGRESS: Score.NO_PROGRESS,
        }
        measured = {sign: self._scores.level(score) for sign, score in levels.items()}
        return {s: max(self._signs.get(s, 0.0), measured.get(s, 0.0)) for s in Sign}

    # The two sides' turns.

    def agent_said(
        self, turn: Turn, languages: Sequence[str], call_language: str, *, waiting: bool
    ) -> None:
        """A turn of the agent; what it gives shows after the caller's next turn.

        ``waiting``: the caller is on hold, where the agent says the same again on purpose.
        """
        if not waiting:
            self._misunderstanding.agent_said(turn, languages)
            self._progress.agent_said(turn)
        self._said_before.agent_said(turn, languages, call_language)

    def caller_said(
        self,
        turn: Turn,
        languages: Sequence[str],
        call_language: str,
        earlier: Sequence[Turn],
        *,
        waiting: bool,
    ) -> Grounds:
        """A turn of the caller; ``earlier`` are the caller's turns before it, oldest first.

        ``waiting``: the caller is on hold or talks with a human, not with the agent.
        """
        self._signs = {}
        grounds = self._anger(turn, languages) + self._raised_voice(turn)
        if not waiting:
            grounds += self._progress.caller_said(turn, languages)
        grounds += self._misunderstanding.caller_said(turn, languages, earlier)
        against_record = self._record_check.caller_said(turn, call_language)
        read = self._record_check.read
        said_before = self._said_before.caller_said(turn, languages, call_language, read)
        # A misheard value belongs to the step of repair that this turn calls for.
        self._misunderstanding.take_step()
        if against_record.found:
            self._signs[Sign.CONTRADICTION] = 1.0
        return grounds + against_record + said_before

    def _anger(self, turn: Turn, languages: Sequence[str]) -> Grounds:
        grounds = Grounds()
        for signal in heard_in(turn.text, languages, self._policy.phrases, ANGER):
            name, sure = ANGER[signal.heard]
            self._signs[Sign(signal.heard.value)] = 1.0
            citations = (cite(turn, signal.start, signal.end),)
            trigger = Trigger(TriggerKind.ANGER, heard_well(turn, sure), citations, detail=name)
            grounds += counted(self._scores, Score.ANGER, name, trigger)
        return grounds

    def _raised_voice(self, turn: Turn) -> Grounds:
        raised = self._voice.caller_said(turn)
        self._signs[Sign.VOICE] = raised.strength
        if raised.strength < self._policy.voice.counts_from:
            return Grounds()
        cited = (cite_turn(turn),)
        trigger = Trigger(TriggerKind.VOICE, raised.strength, cited, detail=raised.detail)
        return counted(self._scores, Score.VOICE, "raised", trigger, raised.strength)

    # What happens beside the talk.

    def explicit(self, grounds: Grounds) -> None:
        """What the caller said outright at the latest turn is a sign of frustration too."""
        kinds = {trigger.kind.value for _, trigger in grounds.found}
        for sign in (Sign.ASKED_FOR_PERSON, Sign.LEGAL, Sign.LEAVING):
            if sign.value in kinds:
                self._signs[sign] = 1.0

    def record_loaded(self, record: AccountRecord, call_language: str) -> Grounds:
        """The company's record: claims made before it was there are compared now."""
        self._said_before.record_loaded(record)
        return self._record_check.record_loaded(record, call_language)

    def tool_returned(self, event: ToolReturned, cited: tuple[Citation, ...]) -> Grounds:
        """A tool's result; ``cited`` is the caller's turn it was used for."""
        if self._progress.tool_returned(event):
            self._misunderstanding.got_ahead()
        settled = self._record_check.tool_returned(event.tool, ok=event.ok)
        return settled + self._tools.returned(event, cited)

    def got_ahead(self) -> None:
        """The caller's identity was verified, or something was booked."""
        self._progress.made()
        self._misunderstanding.got_ahead()

    def frustration_scored(self, event: FrustrationScored, turns: Sequence[Turn]) -> Grounds:
        """The trained classifier's score of a turn; ``turns`` are the caller's."""
        return self._opinions.frustration_scored(event, turns)

    def second_opinion(self, event: SecondOpinionGiven, turns: Sequence[Turn]) -> Grounds:
        """A language model's opinion of a turn; ``turns`` are the caller's."""
        return self._opinions.second_opinion(event, turns)

    # A handover.

    def called_for_handover(self, triggers: Sequence[Trigger]) -> None:
        """A verdict calls for a handover on these grounds."""
        self._record_check.called_for_handover(triggers)

    def handover_begun(self) -> None:
        """What the handover was called for need not be handed over a second time."""
        self._record_check.handover_begun()

    def start_afresh(self) -> None:
        """The caller is back from a handover, or stays with the human."""
        self._scores.clear()
        self._progress.made()
        self._misunderstanding.start_afresh()

"""Notes to the language model in the middle of a call.

In: ``prompts/guidance/<language>.yaml``, as read by :mod:`voiceagent.dialogue.playbook`. Out: notes
by name. They tell the model what it cannot know from the conversation: that the two misunderstand
each other, what was said while it was silent, what a human wants it to do.
"""

from __future__ import annotations

from voiceagent.dialogue.phrases import Line, PromptModel
from voiceagent.domain.verdict import Repair

NOTE = "(note) "
"""How a note begins, so that it is told from the task the playbook set."""

NOTE_VALUES = frozenset({"human_name", "instruction", "conversation", "digits"})
"""Placeholders the notes may use."""


class Guidance(PromptModel):
    """The notes, in one language."""

    slow_down: Line
    confirm: Line
    spell_or_key: Line
    understood_again: Line
    keyed: Line
    hold_cancelled: Line
    callback_chosen: Line
    human_spoke: Line
    sent_back: Line
    hint: Line

    def for_repair(self, repair: Repair) -> str:
        """What to do from now on about misunderstandings."""
        return {
            Repair.NONE: self.understood_again,
            Repair.SLOW_DOWN: self.slow_down,
            Repair.CONFIRM: self.confirm,
            Repair.SPELL_OR_KEY: self.spell_or_key,
        }[repair]

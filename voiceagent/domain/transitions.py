"""The small runner the three state machines share.

A machine is data: a table from (state, event) to the next state. Taking an event that the state
does not allow raises and leaves the state unchanged; there is no way to set a state directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from voiceagent.domain.errors import IllegalTransitionError

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)


class Machine(Generic[State, Trigger]):
    """One running instance of a transition table."""

    def __init__(
        self, name: str, initial: State, table: Mapping[tuple[State, Trigger], State]
    ) -> None:
        self._name = name
        self._state = initial
        self._table = table

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    def allows(self, trigger: Trigger) -> bool:
        """Whether the current state has a way on for this event."""
        return (self._state, trigger) in self._table

    def take(self, trigger: Trigger) -> State:
        """Move along the table and return the new state.

        Raises:
            IllegalTransitionError: the current state has no entry for this event; nothing moved.
        """
        try:
            self._state = self._table[(self._state, trigger)]
        except KeyError:
            raise IllegalTransitionError(
                f"A {self._name} in state '{self._state}' cannot take '{trigger}'."
            ) from None
        return self._state


def mermaid(table: Mapping[tuple[State, Trigger], State], initial: State) -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {initial}"]
    lines += [
        f"    {source} --> {target}: {trigger}" for (source, trigger), target in table.items()
    ]
    return "\n".join(lines)

"""Who may speak: the agent's voice as far as the ear may silence it."""

from __future__ import annotations

from typing import Protocol


class Floor(Protocol):
    """The agent's voice, as far as the ear may silence it."""

    def hush(self) -> bool:
        """Fall silent for the moment; False if the agent is not speaking or must not be cut."""

    def speak_on(self) -> None:
        """Go on where it fell silent; harmless if it did not."""

"""What the agents' desk refuses, each with its code of the desk's API."""

from __future__ import annotations

from voiceagent.desk.errors import DeskError


class TakenByOtherError(DeskError):
    """Another human took the call that was offered."""

    code = "taken_by_other"
    status = 409

    def __init__(self) -> None:
        super().__init__("A colleague was first to take this call.", "The next one is yours.")


class OfferOverError(DeskError):
    """There is no such offer to this person, or it has ended."""

    code = "offer_over"
    status = 409

    def __init__(self) -> None:
        super().__init__("This call no longer rings for you.", "Wait for the next one.")


class NoMediaError(DeskError):
    """Their line is not up, so that they would neither hear nor be heard."""

    code = "no_media"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "Your line is not open, so the caller would not hear you.",
            "Allow the microphone and open your line, then accept.",
        )


class NotYoursError(DeskError):
    """They do not hold this call, or no longer."""

    code = "not_yours"
    status = 409

    def __init__(self) -> None:
        super().__init__("You do not have this call, or no longer.", "Reload the page.")


class NotBridgedError(DeskError):
    """The call is theirs, but caller and human are not joined yet."""

    code = "not_bridged"
    status = 409

    def __init__(self) -> None:
        super().__init__("You are not connected with the caller yet.", "Wait a moment.")


class CallbackRefusedError(DeskError):
    """A callback that cannot be promised."""

    code = "callback_refused"
    status = 422

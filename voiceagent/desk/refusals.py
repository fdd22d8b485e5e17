"""What the supervisors' side refuses because of how things stand, each with its code."""

from __future__ import annotations

from voiceagent.desk.errors import DeskError
from voiceagent.domain.errors import CallControlError


class NoMediaError(DeskError):
    """The asker's own line is not open, so nothing can ring there."""

    code = "no_media"
    status = 409

    def __init__(self) -> None:
        super().__init__("Your own line is not open.", "Open your desk, then try again.")


class LineBusyError(DeskError):
    """The asker is being rung or talks already."""

    code = "line_busy"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "Your line rings or is in a call already.", "Finish that one, then try again."
        )


class NotLiveError(DeskError):
    """The call does not run, or not in this process; nothing can be done with it."""

    code = "not_live"
    status = 409

    def __init__(self) -> None:
        super().__init__("This call is not in progress here.", "Open its report instead.")


class NotAnsweredError(DeskError):
    """Nobody has picked up yet: there is nothing to hear."""

    code = "not_answered"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "There is nothing to hear: nobody is on the line.", "Wait until the call is answered."
        )


class CallRefusedError(DeskError):
    """What was asked of a live call does not fit where it stands; the call says why."""

    code = CallControlError.code
    status = 409

    def __init__(self, error: CallControlError) -> None:
        super().__init__(error.problem, error.remedy)


class TooManyListenersError(DeskError):
    """As many people listen in as there may."""

    code = "too_many_listeners"
    status = 409

    def __init__(self) -> None:
        super().__init__("Too many people are listening in.", "Ask one of them to stop.")


class ListenerNotFoundError(DeskError):
    """Under this identifier somebody else listens, or to another call."""

    code = "listener_not_found"
    status = 404

    def __init__(self) -> None:
        super().__init__("You are not listening in under this identifier.", "")


class NoRecordingError(DeskError):
    """No recording of the call was kept, or it does not reach so far."""

    code = "no_recording"
    status = 404

    def __init__(self) -> None:
        super().__init__("There is no recording of this.", "Read the transcript instead.")


class NotRecordedYetError(DeskError):
    """The call runs, and this part of it is not on the disk yet."""

    code = "not_recorded_yet"
    status = 409

    def __init__(self) -> None:
        super().__init__("This part of the call is not written yet.", "Try again in a moment.")


class PartTooLongError(DeskError):
    """A part of a recording that is longer than is given at once, or no part at all."""

    code = "part_too_long"
    status = 400

    def __init__(self, longest_s: int) -> None:
        super().__init__(
            f"A part begins before its end and is at most {longest_s} seconds long.",
            "Ask for less, or for the whole recording.",
        )


class BusyError(DeskError):
    """The machine has too much to do for this now."""

    code = "busy"
    status = 503

    def __init__(self) -> None:
        super().__init__("The machine is busy.", "Try again in a moment.")

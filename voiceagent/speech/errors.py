"""What can go wrong with the speech models, kept apart because each asks for something else.

All are :class:`~voiceagent.domain.errors.SpeechError`; callers that only want to know that speech
failed catch that.
"""

from __future__ import annotations

from voiceagent.domain.errors import SpeechError


class ModelPoolBusyError(SpeechError):
    """The pool's waiting line is full, or more urgent work took this job's place in it."""

    code = "speech.busy"
    exit_code = 75

    def __init__(self, max_waiting: int) -> None:
        super().__init__(
            f"The speech models are overloaded: {max_waiting} jobs are already waiting.",
            "Take fewer calls at once, or give the process more cores.",
        )


class ModelDeadlineError(SpeechError):
    """A model did not answer within the time its caller can wait."""

    code = "speech.deadline"
    exit_code = 75

    def __init__(self, deadline_s: float) -> None:
        super().__init__(
            f"A speech model did not finish within {deadline_s:g} s.",
            "Take fewer calls at once, or give the process more cores.",
        )


class ModelPoolClosedError(SpeechError):
    """Work was handed to a pool that is shutting down."""

    code = "speech.closed"

    def __init__(self) -> None:
        super().__init__("The speech models are shutting down.")


class VoiceUnavailableError(SpeechError):
    """No voice can speak the language asked for, or the voice's files cannot be used."""

    code = "speech.no_voice"


class RecogniserUnavailableError(SpeechError):
    """The recogniser's files are missing or cannot be loaded, or it lacks the language."""

    code = "speech.no_recogniser"

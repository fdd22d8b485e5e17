"""The tree of errors: each carries a stable code and says what to do about it.

Raise the most specific class. ``str(error)`` is one sentence on what is wrong and, where there is
one, a second on the remedy; it is what a command-line user or an API client reads. Messages may
name files and settings, never what a caller said or who they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class VoiceAgentError(Exception):
    """Any failure this package reports on purpose.

    Attributes:
        code: stable, machine-readable, ``part.what``; safe to match on.
        exit_code: what a command-line program ends with (``sysexits.h`` where one fits).
        remedy: what the reader can do about it; may be empty.
    """

    code: ClassVar[str] = "voiceagent.error"
    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}".strip())


class IllegalTransitionError(VoiceAgentError):
    """An event that the current state does not allow; the state stays as it was."""

    code = "domain.illegal_transition"
    exit_code = 70


class InputError(VoiceAgentError):
    """What the user handed in cannot be used."""

    code = "input.invalid"
    exit_code = 65


class AudioFileError(InputError):
    """A recording is missing, or is no audio this package can read."""

    code = "input.audio_file"
    exit_code = 66


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where in a file something is wrong; lines and columns count from 1, None where unknown."""

    file: str
    line: int | None = None
    column: int | None = None
    field: str = ""


class PlaybookError(InputError):
    """A playbook, policy or prompt file is unknown or does not validate.

    Attributes:
        place: where, for an error in a file.
    """

    code = "input.playbook"

    def __init__(self, problem: str, remedy: str = "", place: FilePlace | None = None) -> None:
        super().__init__(problem, remedy)
        self.place = place


class AccountNotFoundError(InputError):
    """No customer with this account number in the company's records."""

    code = "input.account"
    exit_code = 67


class NumberBlockedError(InputError):
    """The callee forbade further calls; the number is never dialled again."""

    code = "call.number_blocked"
    exit_code = 77


class CallControlError(InputError):
    """What was asked of a live call does not fit where it stands; nothing was done."""

    code = "call.control"
    exit_code = 69


class AccountsUnavailableError(VoiceAgentError):
    """The company's records cannot be reached or answered with a failure."""

    code = "accounts.unavailable"
    exit_code = 69


class IdentityNotVerifiedError(VoiceAgentError):
    """A change to an account was asked for before the caller's identity was verified."""

    code = "accounts.identity_not_verified"


class LanguageModelError(VoiceAgentError):
    """The language model cannot be reached, refuses the request or answers nonsense."""

    code = "llm.unavailable"
    exit_code = 69


class WeightsError(VoiceAgentError):
    """Model weights are missing and cannot be fetched."""

    code = "weights.unavailable"
    exit_code = 69


class WeightsHashError(WeightsError):
    """A weights file is not the file the catalogue names."""

    code = "weights.hash"
    exit_code = 65


class StoreError(VoiceAgentError):
    """An event or record could not be written durably or read back."""

    code = "store.failed"
    exit_code = 74


class DiskFullError(StoreError):
    """No space left where outputs or the event log are written."""

    code = "store.disk_full"


class SpeechError(VoiceAgentError):
    """A speech model failed or is missing for the language asked for."""

    code = "speech.failed"
    exit_code = 69


class LegError(VoiceAgentError):
    """A person could not be reached over a leg; subclasses tell the outcomes apart."""

    code = "leg.failed"
    exit_code = 68


class LegBusyError(LegError):
    """The far end is engaged (SIP 486/600)."""

    code = "leg.busy"


class LegDeclinedError(LegError):
    """The far end refused the call (SIP 603)."""

    code = "leg.declined"


class LegNoAnswerError(LegError):
    """Nobody answered within the ring timeout (SIP 408/480, CANCEL sent)."""

    code = "leg.no_answer"


class LegUnreachableError(LegError):
    """The trunk or network failed before the far end could be rung (SIP 404/5xx)."""

    code = "leg.unreachable"


class LegLostError(LegError):
    """An established leg stopped delivering media without hanging up."""

    code = "leg.lost"

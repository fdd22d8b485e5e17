"""What can go wrong between an event and the disk, told apart by what the caller can do about it.

All are ``StoreError``: whoever only needs to know that nothing durable happened catches that one.
Messages name kinds, files and revisions, never what somebody said or who they are.
"""

from __future__ import annotations

from voiceagent.domain.errors import StoreError


class StoreBusyError(StoreError):
    """Another process kept the database locked for longer than the wait allowed."""

    code = "store.busy"


class StoreVersionError(StoreError):
    """The database was made by a newer version of this package than the one that opens it."""

    code = "store.version"


class NaiveDatetimeError(StoreError, ValueError):
    """A moment without a time zone was handed in; which moment it means cannot be known."""

    code = "store.naive_datetime"
    exit_code = 70


class UnstorableEventError(StoreError):
    """An event holds a value that would not read back as it was; nothing was written."""

    code = "store.unstorable_event"
    exit_code = 70


class UnknownEventKindError(StoreError):
    """The log holds an event of a kind that this version does not know.

    Attributes:
        kind: the kind found.
    """

    code = "store.unknown_event_kind"

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"The log holds an event of the unknown kind '{kind}'.",
            "Read it with the version of voiceagent that wrote it, or a newer one.",
        )


class UnreadableEventError(StoreError):
    """A stored event has lost fields or holds values of the wrong type."""

    code = "store.unreadable_event"
    exit_code = 65


class EmptyLogError(StoreError, ValueError):
    """A call was entered, but its log holds nothing that could be told of it."""

    code = "store.empty_log"


class CallNotFoundError(StoreError):
    """No call with this identifier is in the store."""

    code = "store.call_not_found"
    exit_code = 66


class DuplicateCallError(StoreError):
    """A call with this identifier has already begun; every call needs its own."""

    code = "store.duplicate_call"
    exit_code = 70


class DuplicateUserError(StoreError):
    """Somebody signs in with this name already."""

    code = "store.duplicate_user"
    exit_code = 65


class UserNotFoundError(StoreError):
    """Nobody signs in with this name."""

    code = "store.user_not_found"
    exit_code = 67


class TokenNotFoundError(StoreError):
    """There is no token with this identifier that could still be revoked."""

    code = "store.token_not_found"
    exit_code = 66


class VerdictNotFoundError(StoreError):
    """The log of the call has no verdict with this number."""

    code = "store.verdict_not_found"
    exit_code = 66

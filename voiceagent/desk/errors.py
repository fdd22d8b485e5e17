"""What the desk refuses: each with its HTTP status and the code that pages match on.

Codes are those of the desk's API, one word each, unlike the ``part.what`` of the rest of the
tree. Sentences never say whether a user exists, and never repeat what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from voiceagent.domain.errors import InputError, VoiceAgentError


class DeskError(VoiceAgentError):
    """A request was refused.

    Attributes:
        status: HTTP status (RFC 9110, section 15) of the answer.
    """

    code = "refused"
    status: ClassVar[int] = 400

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers the answer needs beside."""
        return {}


class NotSignedInError(DeskError):
    """Nobody is signed in, or their session has ended."""

    code = "not_signed_in"
    status = 401

    def __init__(self) -> None:
        super().__init__("You are not signed in, or your session has ended.", "Sign in again.")


class WrongTokenError(DeskError):
    """The bearer token is unknown, expired or revoked; which of them is not told."""

    code = "wrong_token"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "This token is unknown, has expired or was revoked.",
            "Make another: voiceagent desk-user token add",
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """The challenge of RFC 6750, section 3."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class WrongCredentialsError(DeskError):
    """Name and password do not fit, or the user may not sign in; which of them is not told."""

    code = "wrong_credentials"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "User name and password do not fit.",
            "Check both; whoever runs the desk can give you another password.",
        )


class TooManyAttemptsError(DeskError):
    """Too many sign-ins failed lately, for this name or from this address.

    Attributes:
        wait_s: whole seconds until the next may be tried.
    """

    code = "too_many_attempts"
    status = 429

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        minutes = -(-wait_s // 60)
        super().__init__(
            "Signing in failed too often.",
            f"Try again in {minutes} minute{'' if minutes == 1 else 's'}.",
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come back (RFC 9110, section 10.2.3)."""
        return {"Retry-After": str(self.wait_s)}


class NotAllowedError(DeskError):
    """Whoever asks may not do this."""

    code = "not_allowed"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "Your role does not allow this.", "Ask whoever runs the desk for another role."
        )


class ForeignRequestError(DeskError):
    """An unsafe request did not come from a page of this desk, or cannot prove it."""

    code = "foreign_request"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This request did not come from a page of the desk.", "Reload the page and try again."
        )


class MediaTokenWrongError(DeskError):
    """A media token was altered, or is for another call, user or purpose."""

    code = "media_token_wrong"
    status = 403

    def __init__(self) -> None:
        super().__init__("This link is not for this recording.", "Reload the call's page.")


class MediaTokenExpiredError(DeskError):
    """A media token was right once."""

    code = "media_token_expired"
    status = 403

    def __init__(self) -> None:
        super().__init__("This link has expired.", "Reload the call's page.")


class PasswordError(InputError):
    """A password that may not be used."""

    code = "input.password"

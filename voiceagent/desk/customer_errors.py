"""What the customer's page is refused, each with its code of the desk's API."""

from __future__ import annotations

from collections.abc import Mapping

from voiceagent.desk.errors import DeskError


class CustomerPageClosedError(DeskError):
    """This server takes no calls from browsers of customers."""

    code = "customer_page_closed"
    status = 404

    def __init__(self) -> None:
        super().__init__(
            "Calls from the browser are switched off on this server.",
            "Whoever runs it can allow the customer's page in the settings.",
        )


class AllLinesBusyError(DeskError):
    """As many calls from the page are under way as are allowed at once."""

    code = "all_lines_busy"
    status = 503

    def __init__(self) -> None:
        super().__init__("All lines are busy.", "Try again in a few minutes.")


class TooManyCallsError(DeskError):
    """Too many calls were asked for from one address lately.

    Attributes:
        wait_s: whole seconds until the next may be.
    """

    code = "too_many_calls"
    status = 429

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__("You have called very often.", "Try again in a few minutes.")

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come back (RFC 9110, section 10.2.3)."""
        return {"Retry-After": str(self.wait_s)}


class CallNotPlacedError(DeskError):
    """The call could not be started, or not in time."""

    code = "call_not_placed"
    status = 503

    def __init__(self) -> None:
        super().__init__("The call could not be started.", "Try again in a moment.")


class CustomerCallOverError(DeskError):
    """The call has ended some while ago, or was another server's."""

    code = "call_over"
    status = 404

    def __init__(self) -> None:
        super().__init__("This call is over.", "Call again if you like.")

"""What a call needs of the company's records, whoever keeps them.

In comes an account number, a phone number or a correction; out comes the record as plain data of
``voiceagent.domain.account``. The dialogue knows only this protocol, so that the sample company, a
customer relationship system behind HTTP, or a test's own records can stand behind it unchanged.
"""

from __future__ import annotations

from typing import Protocol

from voiceagent.domain.account import AccountRecord, CaseNote


class AccountService(Protocol):
    """The company's records.

    Every method may raise ``AccountsUnavailableError`` when the records cannot be reached in time,
    and, where it takes an account number, ``AccountNotFoundError`` when there is none such.
    """

    async def load(self, account_id: str) -> AccountRecord:
        """The record as it stands now."""

    async def find_by_phone(self, phone: str) -> AccountRecord | None:
        """The record of whoever is reached at this E.164 number, or None."""

    async def check_postal_code(self, account_id: str, given: str) -> bool:
        """Whether the caller's postal code is the one on record.

        The comparison is made where the records are, so a service may keep the code to itself.
        Letters' case, blanks and punctuation do not count.
        """

    async def correct_address(
        self, account_id: str, street: str, city: str, postal_code: str
    ) -> AccountRecord:
        """Replace the address on record; returns the record with the change in it."""

    async def open_case(self, account_id: str, subject: str) -> CaseNote:
        """Note an unsettled matter for the company's staff; returns it with its number."""


def plain_postal_code(written: str) -> str:
    """A postal code as it is compared: letters and digits only, in one case."""
    return "".join(c for c in written.casefold() if c.isalnum())

"""Numbers, amounts, days and months of a turn, read once however many readings ask for them.

In and out as in ``domain.spoken_numbers``, ``spoken_amounts`` and ``spoken_dates``. A turn is held
against the record, against what was said before and against the talk's progress; reading its words
is most of the work, so the latest few results are kept. Pure.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from voiceagent.domain import spoken_amounts, spoken_dates, spoken_numbers
from voiceagent.domain.account import Money
from voiceagent.domain.spoken_words import Found

RESULTS_KEPT = 32


@lru_cache(maxsize=RESULTS_KEPT)
def numbers(text: str, language: str) -> tuple[Found[Decimal], ...]:
    """See ``spoken_numbers.numbers``."""
    return spoken_numbers.numbers(text, language)


@lru_cache(maxsize=RESULTS_KEPT)
def amounts(text: str, language: str, default_currency: str) -> tuple[Found[Money], ...]:
    """See ``spoken_amounts.amounts``."""
    return spoken_amounts.amounts(text, language, default_currency)


@lru_cache(maxsize=RESULTS_KEPT)
def dates(text: str, language: str, today: date) -> tuple[Found[date], ...]:
    """See ``spoken_dates.dates``."""
    return spoken_dates.dates(text, language, today)


@lru_cache(maxsize=RESULTS_KEPT)
def months(text: str, language: str, today: date) -> tuple[Found[str], ...]:
    """See ``spoken_dates.months``."""
    return spoken_dates.months(text, language, today)

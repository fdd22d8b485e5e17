"""The scripted language model of the scenarios: what a sensible model would say, every time.

One set of rules serves every recorded caller: it looks only at what the caller said last, which
tools are on offer and whether a tool has just answered, as a language model would.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.scripted_llm import Request, Rule

DIGIT = r"(?i)(\d[\s,-]*){3}|((zero|one|two|three|four|five|six|seven|eight|nine)[\s,-]+){3}"


POSTAL_CODES = {
    "Maria Alvarez": "97214",
    "James Whitfield": "60614",
    "Priya Nair": "30309",
    "Linda Okafor": "77002",
    "Tom Becker": "80202",
    "Sabine Krüger": "50667",
    "Robert Hayes": "02139",
    "Emily Stone": "98101",
    "Daniel Cho": "94110",
}
"""What each caller says; a model copies it from their words."""


def _speaks_with(name: str) -> Callable[[Request], bool]:
    return lambda request: name in request.system


def billing_rules() -> list[Rule]:
    """The rules, tried in order."""
    return [
        # A tool has answered: put it into words.
        Rule(
            last="tool", user=r"(?i)tomorrow|morgen", say="All right, I have noted that. Goodbye."
        ),
        Rule(last="tool", user=r"(?i)twice|double", say="I see two payments for your invoice."),
        Rule(
            last="tool",
            user=r"(?i)bill|invoice|owe|due|amount|pay|Rechnung|fällig",
            matches=_speaks_with("Maria"),
            say="Your invoice is $49.90 and due on December 15. Does that settle it?",
        ),
        Rule(
            last="tool",
            matches=_speaks_with("Emily"),
            say="You owe $54.00, and it is due on December 10. Does that settle it?",
        ),
        Rule(
            last="tool",
            matches=_speaks_with("Daniel"),
            say=(
                "Your invoice this month is $72.25, and it is due on December 20. It covers your "
                "internet line, as it does every month. Does that answer your question for today?"
            ),
        ),
        Rule(
            last="tool",
            matches=_speaks_with("Sabine"),
            say="Ihre Rechnung über 39,90 € ist am 12. Dezember fällig. Kann ich noch etwas tun?",
        ),
        Rule(last="tool", say="Thank you. What else would you like to know?"),
        # Another time.
        Rule(
            user=r"(?i)tomorrow at (ten|10)|morgen um (zehn|10)",
            offers="schedule_callback",
            last="user",
            call="schedule_callback",
            arguments={"when": "tomorrow at ten"},
        ),
        # Who is there, and is it them.
        *(
            Rule(
                user=DIGIT,
                offers="confirm_identity",
                matches=_speaks_with(name),
                call="confirm_identity",
                arguments={"postal_code": code},
            )
            for name, code in POSTAL_CODES.items()
        ),
        Rule(
            user=r"(?i)\b(yes|yeah|ja|speaking|this is|that is me|am apparat)\b",
            offers="caller_is_customer",
            call="caller_is_customer",
        ),
        # Done.
        Rule(
            user=r"(?i)that is all|that's all|goodbye|nein, danke|wiederhören",
            offers="end_call",
            call="end_call",
        ),
        # Questions about the bill.
        Rule(user=r"(?i)twice|double", offers="look_up_payments", call="look_up_payments"),
        Rule(
            user=r"(?i)bill|invoice|owe|due|amount|pay|charge|rechnung|fällig",
            offers="look_up_invoices",
            call="look_up_invoices",
        ),
        Rule(say="I am not sure I understand. Could you tell me more?"),
    ]

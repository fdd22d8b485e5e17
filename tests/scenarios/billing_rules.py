"""The scripted language model of the scenarios: what a sensible model would say, every time.

One set of rules serves every recorded caller: it looks only at what the caller said last, which
tools are on offer and whether a tool has just answered, as a language model would.
"""

from __future__ import annotations

from tests.scripted_llm import Rule

DIGIT = r"(?i)(\d[\s,-]*){3}|((zero|one|two|three|four|five|six|seven|eight|nine)[\s,-]+){3}"


def billing_rules(postal_code: str) -> list[Rule]:
    """Rules for a caller with this postal code, which the model takes from their words."""
    return [
        # A tool has answered: put it into words.
        Rule(last="tool", user=r"(?i)tomorrow|morgen", say="All right, I have noted that. Goodbye."),
        Rule(last="tool", user=r"(?i)twice|double", say="I see two payments for your invoice."),
        Rule(
            last="tool",
            user=r"(?i)bill|invoice|owe|due|amount|pay|Rechnung|fällig",
            matches=lambda r: "Maria" in r.system,
            say="Your invoice is $49.90 and due on December 15. Does that settle it?",
        ),
        Rule(
            last="tool",
            matches=lambda r: "Emily" in r.system,
            say="You owe $54.00, and it is due on December 10. Does that settle it?",
        ),
        Rule(
            last="tool",
            matches=lambda r: "Daniel" in r.system,
            say=(
                "Your invoice this month is $72.25, and it is due on December 20. It covers your "
                "internet line, as it does every month. Does that answer your question for today?"
            ),
        ),
        Rule(
            last="tool",
            matches=lambda r: "Sabine" in r.system,
            say="Ihre Rechnung über 39,90 € ist am 12. Dezember fällig. Kann ich noch etwas tun?",
        ),
        Rule(last="tool", say="Thank you. What else would you like to know?"),
        # Another time.
        Rule(
            user=r"(?i)tomorrow at (ten|10)|morgen um (zehn|10)",
            offers="schedule_callback",
            matches=lambda r: "again" not in r.user.lower(),
            times=1,
            call="schedule_callback",
            arguments={"when": "tomorrow at ten"},
        ),
        # Who is there, and is it them.
        Rule(
            user=DIGIT,
            offers="confirm_identity",
            call="confirm_identity",
            arguments={"postal_code": postal_code},
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

"""The scripted language model of the scenarios: what a sensible model would say, every time.

One set of rules serves every recorded caller: it looks only at what the caller said last, which
tools are on offer and whether a tool has just answered, as a language model would.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.scripted_llm import Request, Rule

DIGIT = r"(?i)(\d[\s,.-]*){3}|((zero|one|two|three|four|five|six|seven|eight|nine)[\s,-]+){3}"


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
    "Hannah Brooks": "37219",
    "Olivia Grant": "28202",
    "Chloe Martin": "70130",
    "Bianca Russo": "19102",
    "Murat Yildiz": "60316",
}
"""What each caller says; a model copies it from their words."""


ASKED = r"(?i)bill|invoice|owe|due|amount|pay|Rechnung|fällig"

ANSWERS = {
    "Hannah": "Your November invoice is $39.90, and it is due on December 8. Anything else?",
    "Olivia": "Your invoice is $49.90, and it is due on December 21. Is there anything else?",
    "Chloe": "Your invoice is $64.50, and it is due on December 14. Is there anything else?",
    "Bianca": (
        "Your November invoice is $49.90, and it is due on December 20. It covers your internet "
        "line, as it does every month. Does that answer your question?"
    ),
    "Linda": "Your November invoice is $55.00. What does not agree?",
    "Murat": "Ihre Rechnung über 54,00 Euro ist am 16. Dezember fällig. Noch etwas?",
}
"""What the records say about each caller's invoices, in one sentence."""

REPAIRS = {
    "spell the word": "Please spell the word for me, or key the number in.",
    "First say in one short sentence": "This is about your invoice. Is that right?",
    "very short sentences": "I am sorry. Please say it once more, slowly.",
}
"""By words of the notes in ``prompts/guidance/en.yaml``: what a model makes of them."""

BACK_CHANNEL = r"(?i)^\W*((i see|yes|yeah|okay|right)\W*)+$"


def _speaks_with(name: str) -> Callable[[Request], bool]:
    return lambda request: name in request.system


def _has_not_booked(request: Request) -> bool:
    asked = [str(message.get("tool_calls") or "") for message in request.messages]
    return request.last != "tool" and not any("schedule_callback" in call for call in asked)


def billing_rules() -> list[Rule]:
    """The rules, tried in order."""
    return [
        # A tool has answered: put it into words.
        Rule(last="tool", user=r"(?i)tomorrow", say="All right, I have noted that. Goodbye."),
        Rule(last="tool", user=r"(?i)morgen", say="Gut, das habe ich notiert. Auf Wiederhören."),
        Rule(
            last="tool",
            matches=_speaks_with("Walter"),
            say="I have booked the call for tomorrow at ten. Is that all right?",
        ),
        Rule(last="tool", user=r"(?i)twice|double", say="I see two payments for your invoice."),
        *(
            Rule(last="tool", user=ASKED, matches=_speaks_with(name), say=answer)
            for name, answer in ANSWERS.items()
        ),
        Rule(
            last="tool",
            user=ASKED,
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
        # Whoever says "yeah" over an answer listens to it, and is told the rest.
        Rule(
            user=BACK_CHANNEL,
            offers="look_up_invoices",
            matches=_speaks_with("Bianca"),
            say=ANSWERS["Bianca"],
        ),
        # What a human wants done, who sent the caller back.
        Rule(
            system=r"asks you to do this: .*tomorrow at ten",
            offers="schedule_callback",
            matches=_has_not_booked,
            call="schedule_callback",
            arguments={"when": "tomorrow at ten"},
        ),
        # Another time.
        *(
            Rule(
                user=said,
                offers="schedule_callback",
                last="user",
                call="schedule_callback",
                arguments={"when": when},
            )
            for said, when in (
                (r"(?i)tomorrow at (ten|10)", "tomorrow at ten"),
                (r"(?i)morgen um (zehn|10)", "morgen um zehn Uhr"),
            )
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
            user=r"(?i)that is all|that's all|goodbye|nein, danke|das war es|wieder(hören|sehen)",
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
        # Notes of the supervisor on how to repair; the latest step is the one that counts.
        *(
            Rule(system=note, matches=_speaks_with("Peter"), say=repair)
            for note, repair in REPAIRS.items()
        ),
        Rule(say="I am not sure I understand. Could you tell me more?"),
    ]

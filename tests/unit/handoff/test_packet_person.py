"""What was said, told in the third person, or left to be quoted."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.handoff.packet_person import caller_told, helper_told

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I was charged twice for my October bill.", "Customer was charged twice for their Oct"),
        ("Hi, I've lost my card!", "Customer has lost their card"),
        ("I don't get any emails", "Customer doesn't get any emails"),
        ("I'd like to change my booking.", "Customer would like to change their booking"),
        ("My internet drops every evening.", "Customer says their internet drops every evening"),
        ("My card was declined.", "Customer complains that their card was declined"),
        ("@Shop my order is late! @Shop", "Customer complains that their order is late"),
        ("you've sent me walnut", "Customer says the company has sent them walnut"),
        ("How do I pay until then?", "Customer asks: how do they pay until then"),
    ],
)
def test_of_the_caller(said: str, told: str) -> None:
    text = caller_told(said, "Customer")
    assert text is not None
    assert text.startswith(told)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I've cancelled order 88213.", "Agent has cancelled order 88213"),
        ("Could you read me the meter now?", "Agent asked the customer to read them the meter now"),
        ("Please send us your booking reference.", "Agent asked the customer to send them their b"),
        ("Do you have a porch?", "Agent asked whether they have a porch"),
        ("Have you tried reinstalling the app?", "Agent asked whether they have tried reinstall"),
        ("Can I have the tracking number please?", "Agent asked for the tracking number"),
        ("We'll email you on Monday.", "Agent will email the customer on Monday"),
        ("@11 Please DM us your number. ^MJ", "Agent asked the customer to DM them their number"),
        ("There is a fault.", "Agent says there is a fault"),
    ],
)
def test_of_a_helper(said: str, told: str) -> None:
    text = helper_told(said, "Agent")
    assert text is not None
    assert text.startswith(told)


@pytest.mark.parametrize(
    "said", ['It says "free changes".', "THIS IS A COMPLETE SHAMBLES", "", "?"]
)
def test_what_is_not_safe_is_left_to_be_quoted(said: str) -> None:
    assert caller_told(said, "Customer") is None


def test_other_questions_of_a_helper_are_quoted() -> None:
    assert helper_told("Which device are you watching on?", "Agent") is None


@given(st.from_regex(r"(I|We|My|You|The) [a-z ]{0,30}(\$?[0-9]{1,6}(\.[0-9]{2})?)?[a-zA-Z ]{0,20}"))
def test_no_value_is_changed(said: str) -> None:
    for text in (caller_told(said, "Customer"), helper_told(said, "Agent")):
        if text is not None:
            assert re.findall(r"\d+", text) == re.findall(r"\d+", said)

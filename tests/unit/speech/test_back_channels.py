"""What a caller says over the agent just to show that they listen, and what is more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.speech.back_channels import MOST_WORDS, is_back_channel

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Mm-hmm."),
        ("en", "Mhm."),
        ("en", "Uh huh."),
        ("en", "Uh-huh."),
        ("en", "Hm."),
        ("en", "Mm."),
        ("en", "Mmhmm, yeah."),
        ("en", "Okay, okay."),
        ("en", "Right."),
        ("en", "I see."),
        ("en", "Yeah, I see, okay."),
        ("de", "Ja."),
        ("de", "Mhm, ja."),
        ("de", "Genau."),
        ("de", "Aha."),
        ("de", "Ach so, okay."),
        ("de", "Ja, ja, verstehe."),
    ],
)
def test_back_channels(language: str, text: str) -> None:
    assert is_back_channel(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ""),
        ("en", "Yes."),
        ("en", "No."),
        ("en", "Uh-uh."),
        ("en", "Stop."),
        ("en", "Wait, okay."),
        ("en", "Hello?"),
        ("en", "What?"),
        ("en", "Hm?"),
        ("en", "Okay, but I paid it."),
        ("en", "Right, one moment."),
        ("en", "Oh no."),
        ("en", "Ja."),
        ("en", "Yeah. Yeah. Yeah. Yeah. Yeah. Yeah."),
        ("de", "Nein."),
        ("de", "Moment."),
        ("de", "Ja, aber."),
        ("de", "Wie bitte?"),
        ("de", "Stopp."),
        ("de", "Hallo."),
        ("de", "Yes."),
        ("fr", "Oui."),
    ],
)
def test_more_than_back_channels(language: str, text: str) -> None:
    assert not is_back_channel(text, language)


NEVER = ["yes", "no", "nein", "stop", "stopp", "halt", "wait", "hello", "hallo", "what", "moment"]


@given(
    st.lists(st.sampled_from(["mhm", "okay", "yeah", "ja", "genau"]), max_size=MOST_WORDS - 1),
    st.sampled_from(NEVER),
    st.sampled_from(["en", "de"]),
)
def test_words_that_want_to_be_heard_are_never_talked_over(
    listening: list[str], word: str, language: str
) -> None:
    assert not is_back_channel(" ".join([*listening, word]), language)
    assert not is_back_channel(" ".join([word, *listening]), language)

"""What answer the agent's last question asks for.

In: ``prompts/questions/<language>.yaml`` and what the agent has said. Out: the kind of answer to
expect. Somebody who was asked "is that right?" is done after one word; somebody who was asked for
their account number falls silent between its digits. Reading is pure once the file is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from voiceagent.dialogue.phrases import Line, PromptModel
from voiceagent.prompt_files import read_prompt
from voiceagent.speech.endpointing import Expectation

REMEDY = "How the file is written is told at the top of prompts/questions/en.yaml."

_MONTHS = "jan|jän|feb|mär|mar|apr|ma[iy]|jun|jul|aug|sep|o[kc]t|nov|de[zc]"
# A new sentence does not begin with a small letter ("at 10 a.m. on Friday"), nor behind a title, an
# initial or a German day ("am 5. Oktober").
_SENTENCE_END = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\b[MDNS][rto]\.)(?<!\bMrs\.)(?<!\bStr\.)"
    rf"(?<=[.!?…])[\"'”“»«)]*\s+(?![a-zäöüß])(?!(?<=\d\.\s)(?i:{_MONTHS}))"
)
_QUESTION = re.compile(r"\?[\"'”“»«)]*$")


class QuestionPattern(PromptModel):
    """One kind of question.

    Attributes:
        expects: the answer it asks for.
        pattern: a regular expression found in it; capitals do not matter.
    """

    expects: Expectation
    pattern: Line

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return value


class QuestionsFile(PromptModel):
    """``questions/<language>.yaml``: of its patterns, the first that matches counts."""

    questions: Annotated[tuple[QuestionPattern, ...], Field(min_length=1)]


class Questions:
    """Tells questions apart, in one language."""

    def __init__(self, patterns: Iterable[QuestionPattern]) -> None:
        self._patterns = tuple((re.compile(p.pattern, re.IGNORECASE), p.expects) for p in patterns)

    def expected(self, said: str) -> Expectation:
        """The answer to expect after the agent has said this.

        The last question counts, or a request after it ("Please tell me the ZIP code."). What is
        said behind it ("You find it on your bill.") changes nothing.
        """
        for sentence in reversed(_SENTENCE_END.split(said.replace("’", "'").strip())):
            for pattern, expects in self._patterns:
                if pattern.search(sentence):
                    return expects
            if _QUESTION.search(sentence):
                break
        return Expectation.OPEN


def load_questions(path: Path) -> Questions:
    """The patterns in this file. Reads the disk: call it at start-up, not during a call.

    Raises:
        PlaybookError: the file is missing, is no YAML, or does not validate.
    """
    return Questions(read_prompt(path, QuestionsFile, REMEDY).questions)

"""What a call follows: its flow and the lines it speaks word for word, read from ``prompts/``.

In: the prompts folder, a playbook's name, a language. Out: a ``Playbook``, checked to the last
placeholder, so that a typing error is found when the service starts and not in front of a caller.

The folder, which can be edited without touching Python::

    playbooks/<name>/<language>.yaml   a pipecat flow: nodes, tasks, tools, where each leads
    phrases/<language>.yaml            lines spoken without asking the language model
    guidance/<language>.yaml           notes to the language model in the middle of a call
    persona/<language>.md              who speaks, and the rules; included by the flow
    persona/<language>.examples.md     for small models: what callers say, and what to do

Beside pipecat's own, a flow may use two actions. ``say`` speaks a line of the phrases; it does not
wait for the playout, because a wait would never end if the caller spoke over it. ``close`` ends
the call; its handler ``close_call`` is the call's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipecat.flows import FlowConfig, FlowManager
from pipecat.frames.frames import TTSSpeakFrame

from voiceagent.dialogue.guidance import NOTE_VALUES, Guidance
from voiceagent.dialogue.phrases import PLACEHOLDER, Phrases
from voiceagent.dialogue.questions import Questions, load_questions
from voiceagent.dialogue.wording import speak_date, speak_weekday
from voiceagent.domain.errors import PlaybookError
from voiceagent.prompt_files import placing, read_prompt

CALLBACK_NODE = "callback_later"
"""The node every playbook needs: a caller for whom no human is free chooses another time there."""
CALL_VALUES = frozenset({"company", "customer_name", "reason", "today"})
"""Placeholders known when the call begins; all a flow may use."""
LATE_VALUES = frozenset({"callback_when", "human_name", "minutes"})
"""Placeholders of phrases that are only known later in the call."""


@dataclass(frozen=True, slots=True)
class CallScript:
    """A playbook made out for one call.

    Attributes:
        flow: for ``pipecat.flows.Flow``.
        phrases: with all but the late placeholders filled.
        guidance: notes to the language model, with their placeholders.
        state: for ``flow_manager.state``, before the flow manager is initialised.
    """

    flow: FlowConfig
    phrases: Phrases
    guidance: Guidance
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Playbook:
    """A flow and its phrases in one language.

    ``examples`` are lines for small models on what callers say and how it is answered.
    ``questions`` tells what answer a question of the agent asks for.
    """

    name: str
    language: str
    flow: FlowConfig
    phrases: Phrases
    guidance: Guidance
    examples: str = ""
    questions: Questions = field(default_factory=lambda: Questions(()))

    def for_call(self, *, company: str, customer_name: str, reason: str, today: date) -> CallScript:
        """Make the playbook out for one call. ``today`` is the callee's calendar day."""
        day = speak_date(today, self.language, today)
        spoken_day = f"{speak_weekday(today, self.language)}, {day} {today.year}"
        values = {
            "company": company,
            "customer_name": customer_name,
            "reason": reason,
            "today": spoken_day,
        }
        phrases = self.phrases.filled(values)
        state = {**values, "lines": dict(phrases.lines())}
        return CallScript(self.flow, phrases, self.guidance, state)


def fill(line: str, **values: str) -> str:
    """A line with these placeholders filled.

    Raises:
        PlaybookError: the line has a placeholder that is not among them.
    """
    text = PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), line)
    if missing := PLACEHOLDER.search(text):
        raise PlaybookError(f"A line to be spoken needs '{missing[1]}', which is not known.")
    return text


def without_marks(text: str) -> str:
    """A person's words without what would be taken for a placeholder."""
    return text.replace("{{", "(").replace("}}", ")")


async def say(action: dict[str, Any], flow_manager: FlowManager) -> None:
    """Flow action: speak the line of the phrases that the action names, at once."""
    text = flow_manager.state["lines"][action["line"]]
    await flow_manager.worker.queue_frame(TTSSpeakFrame(text, append_to_context=True))


ACTIONS = {"say": say}
"""Handlers for ``Flow(config, handlers=[tools, ACTIONS, {"close_call": ...}])``."""


def known_playbooks(prompts_dir: Path) -> dict[str, tuple[str, ...]]:
    """Every playbook in the folder with its languages."""
    return {
        folder.name: tuple(sorted(file.stem for file in folder.glob("*.yaml")))
        for folder in sorted((prompts_dir / "playbooks").glob("*/"))
    }


def load_playbook(prompts_dir: Path, name: str, language: str) -> Playbook:
    """Read and check a playbook.

    Raises:
        PlaybookError: unknown name or language, or a file that does not validate; says which
            file, where there is one which line, and what is wrong.
    """
    known = known_playbooks(prompts_dir)
    if name not in known:
        raise PlaybookError(
            f"There is no playbook '{name}'.", f"Known are: {', '.join(known) or 'none'}."
        )
    if language not in known[name]:
        raise PlaybookError(
            f"The playbook '{name}' does not exist in the language '{language}'.",
            f"Known are: {', '.join(known[name])}.",
        )
    phrases_file = prompts_dir / "phrases" / f"{language}.yaml"
    flow_file = prompts_dir / "playbooks" / name / f"{language}.yaml"
    phrases = read_prompt(phrases_file, Phrases)
    with placing(phrases_file):
        for place, line in phrases.lines():
            _check_placeholders(line, CALL_VALUES | LATE_VALUES, place)
    guidance_file = prompts_dir / "guidance" / f"{language}.yaml"
    guidance = read_prompt(guidance_file, Guidance)
    with placing(guidance_file):
        for place, line in guidance.model_dump().items():
            _check_placeholders(line, NOTE_VALUES, place)
    flow = read_prompt(flow_file, FlowConfig, root=prompts_dir)
    with placing(flow_file):
        _check_flow(flow, phrases)
    examples = prompts_dir / "persona" / f"{language}.examples.md"
    told = examples.read_text("utf-8").strip() if examples.is_file() else ""
    questions = load_questions(prompts_dir / "questions" / f"{language}.yaml")
    return Playbook(name, language, flow, phrases, guidance, told, questions)


def _check_placeholders(text: str, allowed: frozenset[str], place: str) -> None:
    for match in PLACEHOLDER.finditer(text):
        if match[1] not in allowed:
            raise PlaybookError(
                f"{place}: the placeholder '{match[1]}' is not known.",
                f"Known are: {', '.join(sorted(allowed))}.",
            )


def _check_flow(flow: FlowConfig, phrases: Phrases) -> None:
    """Placeholders and our own actions, which pipecat would only find out about in a call."""
    lines = {place for place, _ in phrases.lines()}
    if CALLBACK_NODE not in flow.nodes:
        raise PlaybookError(
            f"nodes: there is no '{CALLBACK_NODE}'.",
            "A caller for whom no human is free goes there to choose another time.",
        )
    for name, node in flow.nodes.items():
        texts = [node.role_message or "", *(message.content for message in node.task_messages)]
        for text in texts:
            _check_placeholders(text, CALL_VALUES, f"nodes.{name}")
        for action in (*node.pre_actions, *node.post_actions):
            said = str(action.extras().get("line"))
            if action.type == "say" and said not in lines:
                raise PlaybookError(f"nodes.{name}: there is no line '{said}' to say.")
            if action.type == "close" and f"goodbye.{said}" not in lines:
                raise PlaybookError(f"nodes.{name}: there is no goodbye line '{said}'.")
            if action.type == "tts_say":
                raise PlaybookError(
                    f"nodes.{name}: 'tts_say' would hold up the flow for good if the"
                    " caller spoke over it.",
                    "Use the action 'say'.",
                )

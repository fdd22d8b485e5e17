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

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pipecat.flows import FlowConfig, FlowManager
from pipecat.frames.frames import TTSSpeakFrame
from pydantic import BaseModel, ValidationError

from voiceagent.dialogue.guidance import NOTE_VALUES, Guidance
from voiceagent.dialogue.phrases import PLACEHOLDER, Phrases
from voiceagent.dialogue.questions import Questions, load_questions
from voiceagent.dialogue.wording import speak_date, speak_weekday
from voiceagent.domain.errors import PlaybookError

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
    phrases = _read(phrases_file, prompts_dir, Phrases)
    for place, line in phrases.lines():
        _check_placeholders(line, CALL_VALUES | LATE_VALUES, phrases_file, place)
    guidance_file = prompts_dir / "guidance" / f"{language}.yaml"
    guidance = _read(guidance_file, prompts_dir, Guidance)
    for place, line in guidance.model_dump().items():
        _check_placeholders(line, NOTE_VALUES, guidance_file, place)
    flow = _read(flow_file, prompts_dir, FlowConfig)
    _check_flow(flow, phrases, flow_file)
    examples = prompts_dir / "persona" / f"{language}.examples.md"
    told = examples.read_text("utf-8").strip() if examples.is_file() else ""
    questions = load_questions(prompts_dir / "questions" / f"{language}.yaml")
    return Playbook(name, language, flow, phrases, guidance, told, questions)


_Read = TypeVar("_Read", bound=BaseModel)


def _read(path: Path, root: Path, model: type[_Read]) -> _Read:
    """A YAML file as a model; every way it can be wrong is a ``PlaybookError``."""
    try:
        text = path.read_text("utf-8")
        data = yaml.load(text, _loader(path.parent, root.resolve()))  # noqa: S506  (a SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookError(f"{path} cannot be read: {error}.") from error
    except yaml.MarkedYAMLError as error:
        mark = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise PlaybookError(f"{path}{mark} is not valid YAML: {error.problem}.") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line_of(text, first["loc"])
        field = ".".join(str(part) for part in first["loc"]) or "top level"
        raise PlaybookError(f"{path}:{line}: {field}: {first['msg']}.") from None


def _loader(folder: Path, root: Path) -> type[yaml.SafeLoader]:
    """pipecat's ``!include``, kept inside the prompts folder, and with Markdown taken as text."""

    class Loader(yaml.SafeLoader):
        pass

    def include(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        path = (folder / str(loader.construct_scalar(node))).resolve()  # type: ignore[arg-type]
        if not path.is_relative_to(root) or not path.is_file():
            raise yaml.constructor.ConstructorError(
                None, None, f"there is no '{node.value}' to include", node.start_mark
            )
        text = path.read_text("utf-8")
        if path.suffix == ".yaml":
            return yaml.load(text, _loader(path.parent, root))  # noqa: S506
        return text.strip()

    Loader.add_constructor("!include", include)
    return Loader


def _line_of(text: str, place: tuple[int | str, ...]) -> int:
    """The line, from 1, of a field in a YAML text, or of the last part of its path there is."""
    node: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    line = 1
    for part in place:
        children: dict[Hashable, tuple[yaml.Node, yaml.Node]] = {}
        if isinstance(node, yaml.MappingNode):
            children = {key.value: (key, value) for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            children = {i: (item, item) for i, item in enumerate(node.value)}
        if part not in children:
            break
        at, node = children[part]
        line = at.start_mark.line + 1
    return line


def _check_placeholders(text: str, allowed: frozenset[str], path: Path, place: str) -> None:
    for match in PLACEHOLDER.finditer(text):
        if match[1] not in allowed:
            raise PlaybookError(
                f"{path}: {place}: the placeholder '{match[1]}' is not known.",
                f"Known are: {', '.join(sorted(allowed))}.",
            )


def _check_flow(flow: FlowConfig, phrases: Phrases, path: Path) -> None:
    """Placeholders and our own actions, which pipecat would only find out about in a call."""
    lines = {place for place, _ in phrases.lines()}
    if CALLBACK_NODE not in flow.nodes:
        raise PlaybookError(
            f"{path}: nodes: there is no '{CALLBACK_NODE}'.",
            "A caller for whom no human is free goes there to choose another time.",
        )
    for name, node in flow.nodes.items():
        texts = [node.role_message or "", *(message.content for message in node.task_messages)]
        for text in texts:
            _check_placeholders(text, CALL_VALUES, path, f"nodes.{name}")
        for action in (*node.pre_actions, *node.post_actions):
            said = str(action.extras().get("line"))
            if action.type == "say" and said not in lines:
                raise PlaybookError(f"{path}: nodes.{name}: there is no line '{said}' to say.")
            if action.type == "close" and f"goodbye.{said}" not in lines:
                raise PlaybookError(f"{path}: nodes.{name}: there is no goodbye line '{said}'.")
            if action.type == "tts_say":
                raise PlaybookError(
                    f"{path}: nodes.{name}: 'tts_say' would hold up the flow for good if the"
                    " caller spoke over it.",
                    "Use the action 'say'.",
                )

"""Playbooks: the shipped ones join to the real tools; broken ones say where they are broken."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pipecat.flows import Flow, FlowManager
from pipecat.flows.types import FlowsFunctionSchema
from pipecat.frames.frames import Frame, LLMMessagesAppendFrame, LLMSetToolsFrame, TTSSpeakFrame

from voiceagent.dialogue.playbook import (
    ACTIONS,
    CallScript,
    Playbook,
    fill,
    known_playbooks,
    load_playbook,
)
from voiceagent.dialogue.tools import AccountTools, AccountToolsOptions
from voiceagent.domain.errors import PlaybookError

pytestmark = pytest.mark.unit

PROMPTS = Path(__file__).parents[3] / "prompts"
NAME = "billing_callback"
LANGUAGES = ("en", "de")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROMPTS, tmp_path / "prompts"))


def _script(language: str = "en") -> CallScript:
    return load_playbook(PROMPTS, NAME, language).for_call(
        company="Larkfield Broadband",
        customer_name="James Whitfield",
        reason="asked about a charge on the October invoice",
        today=date(2026, 12, 1),
    )


async def _close_call(action: dict[str, Any], flow_manager: FlowManager) -> None:
    raise AssertionError("the call is not over yet")


def _flow(script: CallScript, language: str = "en") -> Flow:
    unused: Any = None  # nothing is called through the tools here
    options = AccountToolsOptions("call-1", "+13125550102", "America/Chicago", language)
    tools = AccountTools("C-1002", unused, unused, unused, unused, options)
    return Flow(script.flow, handlers=[tools, ACTIONS, {"close_call": _close_call}])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_playbook_joins_to_the_tools(language: str) -> None:
    flow = _flow(_script(language), language)
    names = {tool.name for tool in flow.global_functions if isinstance(tool, FlowsFunctionSchema)}
    assert names == {"transfer_to_person", "do_not_call", "schedule_callback", "end_call"}
    nodes = flow.config.nodes
    assert {
        "greet_and_identify",
        "verify_identity",
        "billing_question",
        "callback_later",
        "goodbye",
    } <= set(nodes)
    # Few tools per node: a small local model has to choose among them.
    assert all(len(node.functions) <= 5 for node in nodes.values())


def test_both_languages_are_the_same_flow() -> None:
    english, german = (load_playbook(PROMPTS, NAME, lang) for lang in LANGUAGES)

    def shape(playbook: Playbook) -> Any:
        return {
            name: (
                [(f.name, f.transition_to) for f in node.functions],
                [a.model_dump() for a in node.pre_actions],
                node.respond_immediately,
            )
            for name, node in playbook.flow.nodes.items()
        }

    assert shape(english) == shape(german)
    assert english.flow.global_functions == german.flow.global_functions
    assert [p for p, _ in english.phrases.lines()] == [p for p, _ in german.phrases.lines()]
    assert english.phrases != german.phrases


def test_account_tools_are_offered_only_after_verification() -> None:
    flow = load_playbook(PROMPTS, NAME, "en").flow
    assert not {"look_up_invoices", "correct_address"} & {f.name for f in flow.global_functions}
    for name, node in flow.nodes.items():
        if name != "billing_question":
            tools = {f.name for f in node.functions if not f.transition_only}
            assert tools <= {"confirm_identity"}


def test_a_script_for_one_call() -> None:
    script = _script()
    assert script.phrases.disclosure == (
        "Hello, this is the automated assistant of Larkfield Broadband, an AI. You can ask for a "
        "person at any time. Am I speaking with James Whitfield?"
    )
    assert "because you asked about a charge on the October invoice." in script.phrases.opening
    assert script.state["today"] == "Tuesday, December 1 2026"
    assert "{{ callback_when }}" in script.phrases.fallback.nobody_free
    said = fill(script.phrases.fallback.nobody_free, callback_when="Friday, December 4 at 9 AM")
    assert said.endswith("call you back on Friday, December 4 at 9 AM.")
    with pytest.raises(PlaybookError, match="callback_when"):
        fill(script.phrases.fallback.nobody_free)


class Pipeline:
    """Stands where pipecat's worker does: takes the frames the flow manager queues."""

    def __init__(self) -> None:
        self.queued: list[Frame] = []

    def set_reached_downstream_filter(self, types: tuple[type, ...]) -> None:
        pass

    def event_handler(self, name: str) -> Any:
        return lambda function: function

    async def queue_frame(self, frame: Frame) -> None:
        self.queued.append(frame)

    async def queue_frames(self, frames: list[Frame]) -> None:
        self.queued += frames

    def of(self, kind: type) -> list[Any]:
        return [frame for frame in self.queued if isinstance(frame, kind)]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_flow_manager_enters_every_node(language: str) -> None:
    script = _script(language)
    pipeline, closed = Pipeline(), []

    async def close_call(action: dict[str, Any], flow_manager: FlowManager) -> None:
        closed.append(action["line"])

    unused: Any = None
    options = AccountToolsOptions("call-1", "+13125550102", "America/Chicago", language)
    tools = AccountTools("C-1002", unused, unused, unused, unused, options)
    flow = Flow(script.flow, handlers=[tools, ACTIONS, {"close_call": close_call}])
    worker: Any = pipeline
    manager = FlowManager(
        llm=unused, context_aggregator=unused, worker=worker, global_functions=flow.global_functions
    )
    manager.state.update(script.state)
    await manager.initialize(flow.initial_node)
    for name in script.flow.nodes:
        await manager.set_node_from_config(flow.node(name))
        assert manager.current_node == name

    assert closed == ["resolved", "do_not_call"]
    said = [frame.text for frame in pipeline.of(TTSSpeakFrame)]
    assert said == [script.phrases.ask_postal_code, script.phrases.opening]
    offered = [len(f.tools.standard_tools) for f in pipeline.of(LLMSetToolsFrame)]
    assert max(offered) <= 9
    for frame in pipeline.of(LLMMessagesAppendFrame):
        assert "{{" not in str(frame.messages)


def test_known_playbooks() -> None:
    assert known_playbooks(PROMPTS)[NAME] == ("de", "en")


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(PlaybookError, match=r"'biling'.*Known are: .*billing_callback"):
        load_playbook(PROMPTS, "biling", "en")
    with pytest.raises(PlaybookError, match=r"'fr'.*Known are: de, en"):
        load_playbook(PROMPTS, NAME, "fr")
    with pytest.raises(PlaybookError, match="Known are: none"):
        load_playbook(PROMPTS / "nowhere", NAME, "en")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("phrases/en.yaml", "still_there:", "still_ther:", r"en\.yaml:1: still_there: Field req"),
        ("phrases/en.yaml", "offer_person: W", "offer_person: [W]\n#", r":\d\d: offer_person: "),
        (
            "phrases/en.yaml",
            "you {{ reason }}",
            "you {{ reson }}",
            "opening: the placeholder 'reson'",
        ),
        ("phrases/en.yaml", "hold:", "hold: [", r"en\.yaml:\d\d is not valid YAML"),
        ("phrases/en.yaml", "  - One moment, please.", "  - ''", r":\d\d: fillers\.0: "),
        ("playbooks/billing_callback/en.yaml", "{{ customer_name }}", "{{ name }}", "'name'"),
        ("playbooks/billing_callback/en.yaml", "line: opening", "line: openning", "'openning'"),
        ("playbooks/billing_callback/en.yaml", "line: resolved", "line: bye", "goodbye line 'bye'"),
        (
            "playbooks/billing_callback/en.yaml",
            "{type: say, handler: say, line: opening}",
            "{type: tts_say, text: Hello}",
            "Use the action 'say'",
        ),
        (
            "playbooks/billing_callback/en.yaml",
            "initial_node: greet_and_identify",
            "initial_node: greet",
            "initial_node 'greet' is not a defined node",
        ),
        (
            "playbooks/billing_callback/en.yaml",
            "transition_to: callback_later",
            "transition_too: callback_later",
            r"en\.yaml:\d\d: nodes\.greet_and_identify\.functions\.1",
        ),
        ("playbooks/billing_callback/en.yaml", "persona/en.md", "persona/fr.md", "persona/fr.md"),
        ("playbooks/billing_callback/en.yaml", "../../persona/en.md", "/etc/hostname", "include"),
        ("persona/en.md", "{{ today }}", "{{ date }}", "'date'"),
    ],
)
def test_a_broken_file_says_where(
    prompts: Path, file: str, old: str, new: str, message: str
) -> None:
    path = prompts / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(PlaybookError, match=message):
        load_playbook(prompts, NAME, "en")


def test_a_missing_phrases_file(prompts: Path) -> None:
    (prompts / "phrases" / "en.yaml").unlink()
    with pytest.raises(PlaybookError, match=r"phrases/en\.yaml' cannot be read"):
        load_playbook(prompts, NAME, "en")

"""The calls of ``--llm local``: customers of the sample company ask about their bills.

In: recorded callers of ``audio_fixtures``. Out: planned calls, in which identity and postal code
only bring the call to the questions and are not counted, and the system prompt that stock gets.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import yaml

from voiceagent.accounts.sample import sample_records
from voiceagent.bench.latency.material import clip_of, read
from voiceagent.bench.latency.plan import PlannedCall, planned_turn
from voiceagent.dialogue.playbook import fill, load_playbook
from voiceagent.settings import Settings

if TYPE_CHECKING:
    from voiceagent.bench.latency.run import BenchOptions

# Callers whose lines are questions about an account, and which of them: name, postal code, then
# the questions.
_CALLERS = {
    "satisfied": (1, 2, 3, 4),
    "barge-in": (1, 2, 3, 5),
    "contradiction-amount": (1, 2, 3),
    "polite-complex": (1, 2, 3, 4),
    "double-charge": (1, 2, 3),
    "long-pauses": (1, 2, 3),
}
_UNCOUNTED = 2
# A model on the same cores may need longer than people like to wait; how long is the question here.
_PATIENCE_S = 25.0


def local_calls(options: BenchOptions, settings: Settings) -> list[PlannedCall]:
    """A call per recorded caller.

    Raises:
        AudioFileError: a recording cannot be read.
    """
    calls = []
    wideband = options.rate_hz == 16_000
    for name, chosen in list(_CALLERS.items())[: options.turns]:
        folder = settings.fixtures_dir / "callers"
        script = yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))
        turns = []
        for place, index in enumerate(chosen):
            line = script["lines"][index]
            clip = clip_of(f"{name}/{index + 1:02d}", line["text"], read(folder / line["audio"]))
            turns.append(planned_turn(clip, wideband=wideband, counted=place >= _UNCOUNTED))
        calls.append(PlannedCall(name, tuple(turns), script["account"], _PATIENCE_S))
    return [replace(call, id=f"local-{call.id}") for call in calls]


def stock_instructions(settings: Settings) -> str:
    """The persona of our playbook, made out for one customer; stock has no flows to add tasks."""
    record = sample_records()[0]
    playbook = load_playbook(settings.prompts_dir, "billing_callback", "en")
    script = playbook.for_call(
        company=settings.company,
        customer_name=record.customer.name,
        reason=record.callback_reason,
        today=datetime.now(UTC).date(),
    )
    node = playbook.flow.nodes[playbook.flow.initial_node]
    values = {key: value for key, value in script.state.items() if isinstance(value, str)}
    return fill(node.role_message or "", **values)

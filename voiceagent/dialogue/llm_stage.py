"""The language model stage that fits an endpoint: native tool calls, or constrained output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voiceagent.dialogue.constrained import ConstrainedLlmService
from voiceagent.dialogue.llm import LlmCallbacks, LlmOptions, ResilientLlmService
from voiceagent.dialogue.llm_endpoint import LlmEndpoint


def make_llm(
    endpoint: LlmEndpoint,
    options: LlmOptions,
    callbacks: LlmCallbacks,
    known_tools: Sequence[Mapping[str, Any]] = (),
    examples: str = "",
) -> ResilientLlmService:
    """The LLM stage for *endpoint*: native tool calls, or constrained output for small models.

    Args:
        endpoint: where the model is.
        options: how long a reply may take.
        callbacks: what the call is told.
        known_tools: constrained models only: every tool of the playbook (``name``,
            ``description``, ``parameters``), so that no node has to introduce its own.
        examples: constrained models only: lines of what callers say and how it is answered.
    """
    if endpoint.constrained:
        return ConstrainedLlmService(endpoint, options, callbacks, known_tools, examples)
    return ResilientLlmService(endpoint, options, callbacks)

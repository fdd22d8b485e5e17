"""The language model an evaluation is asked to use: none, the local one, or one at an address.

What enters: the ``--llm`` option and the settings. What leaves: an endpoint for as long as it is
needed, or None.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voiceagent.dialogue.llm_endpoint import LlmEndpoint, check_endpoint, resolve_model
from voiceagent.domain.errors import InputError
from voiceagent.settings import Settings
from voiceagent.wiring import local_model_server

NONE, LOCAL = "none", "local"


@asynccontextmanager
async def opened_llm(choice: str, settings: Settings) -> AsyncIterator[LlmEndpoint | None]:
    """The language model of a choice, ready to be asked.

    Args:
        choice: ``none``, ``local`` or an OpenAI-compatible base URL.
        settings: weights of the local one; name and key of one at an address.

    Raises:
        InputError: the choice is none of these.
        WeightsError, LanguageModelError: it cannot be used.
    """
    if choice == NONE:
        yield None
    elif choice == LOCAL:
        server = await asyncio.to_thread(local_model_server, settings)
        async with server as local:
            yield local.endpoint
    elif choice.startswith(("http://", "https://")):
        key = settings.llm_api_key.get_secret_value()
        endpoint = LlmEndpoint(choice, settings.llm_model, key)
        if endpoint.model:
            await check_endpoint(endpoint.url, endpoint.model, key)
            yield endpoint
        else:
            yield await resolve_model(endpoint)
    else:
        raise InputError(
            f"There is no language model '{choice}'.",
            "Use --llm none, --llm local, or a base URL such as http://127.0.0.1:8080/v1.",
        )

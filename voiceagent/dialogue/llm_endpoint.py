"""Where a language model is served, and the plain requests made to it outside a call's pipeline.

An address, a model name and a key enter; a configured HTTP client, a checked endpoint, one JSON
answer or a :class:`LanguageModelError` with a remedy leave. Everything that talks to a model goes
through here, so that every failure has the same names and no library reads its own environment
variables.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlsplit

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from pipecat.utils.http import TIMEOUT_EXCEPTIONS, connection_limits

from voiceagent.domain.errors import LanguageModelError

_CONNECT_TIMEOUT_S = 5.0
_MAX_CONNECTIONS = 64
_TIMEOUT = openai.Timeout(None, connect=_CONNECT_TIMEOUT_S, pool=_CONNECT_TIMEOUT_S)
_RETRYABLE_STATUS = frozenset({408, 409, 429})


def _transport_errors() -> tuple[type[Exception], ...]:
    """What a stream that breaks raises: openai 2 is built on httpx, openai 3 on httpx2."""
    found: list[type[Exception]] = []
    for name in ("httpx", "httpx2"):
        with contextlib.suppress(ImportError):
            found.append(importlib.import_module(name).TransportError)
    return tuple(found)


_TRANSPORT_ERRORS = _transport_errors()


class LanguageModelTimeoutError(LanguageModelError):
    """The model is reachable and did not answer within its deadline."""

    code = "llm.timeout"


class LanguageModelRefusedError(LanguageModelError):
    """The endpoint refuses the request (HTTP 4xx): asking again gives the same answer."""

    code = "llm.refused"
    exit_code = 78


class LanguageModelReplyError(LanguageModelError):
    """The model answered, but with something that is no usable reply."""

    code = "llm.bad_reply"
    exit_code = 76


@dataclass(frozen=True)
class LlmEndpoint:
    """An OpenAI-compatible chat endpoint.

    Attributes:
        url: base URL with its version path, as in ``http://127.0.0.1:8080/v1``.
        model: the model's name as the endpoint knows it.
        api_key: sent as a bearer token; empty for servers that want none.
        constrained: replies are constrained to a JSON schema instead of using native tool calls;
            for small models that do not call tools reliably.
    """

    url: str
    model: str
    api_key: str = field(default="", repr=False)
    constrained: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise LanguageModelError(
                "The language model's address is not an http or https URL.",
                "Check --llm-url; it looks like http://127.0.0.1:8080/v1.",
            )

    @property
    def host(self) -> str:
        """Host name or address, without port or credentials; safe to log."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the endpoint runs on this machine."""
        if self.host == "localhost":
            return True
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return False

    def token_limit(self, max_tokens: int) -> dict[str, int]:
        """The request field that limits a reply's length.

        OpenAI's own newer models reject ``max_tokens``; other servers know nothing else.
        """
        name = "max_completion_tokens" if self.host == "api.openai.com" else "max_tokens"
        return {name: max_tokens}


def open_client(endpoint: LlmEndpoint) -> AsyncOpenAI:
    """An ``openai`` client for *endpoint* that never retries and never waits without end by itself.

    Retries and deadlines belong to the callers here. A proxy from the environment is used for
    remote endpoints only. The caller closes the client.
    """
    client = AsyncOpenAI(
        base_url=endpoint.url,
        # The library would fall back to OPENAI_API_KEY and send it to whatever address is set.
        api_key=endpoint.api_key or "none",
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(
            timeout=_TIMEOUT,
            limits=connection_limits(max_connections=_MAX_CONNECTIONS),
            trust_env=not endpoint.is_loopback,
        ),
        timeout=_TIMEOUT,
    )
    client.organization = None
    client.project = None
    return client


def language_model_error(error: BaseException, endpoint: LlmEndpoint) -> LanguageModelError:
    """Name any failure of a request to *endpoint*; an error already named passes unchanged."""
    where = f"The language model at {endpoint.host}"
    match error:
        case LanguageModelError():
            return error
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return LanguageModelRefusedError(
                f"{where} refuses the key (HTTP {error.status_code}).",
                "Check VOICEAGENT_LLM_API_KEY.",
            )
        case openai.NotFoundError():
            return LanguageModelRefusedError(
                f"{where} does not know the path or the model '{endpoint.model}' (HTTP 404).",
                "Check --llm-url (most servers end in /v1) and --llm-model.",
            )
        case openai.APIStatusError() if (
            error.status_code < 500 and error.status_code not in _RETRYABLE_STATUS
        ):
            return LanguageModelRefusedError(
                f"{where} refuses the request (HTTP {error.status_code}).",
                "Check --llm-model; the server's own log says which part it does not accept.",
            )
        case openai.APIStatusError():
            return LanguageModelError(
                f"{where} failed with HTTP {error.status_code}.",
                "Check the server's log and its load, then try again.",
            )
        case _ if isinstance(error, (TimeoutError, openai.APITimeoutError, *TIMEOUT_EXCEPTIONS)):
            return LanguageModelTimeoutError(
                f"{where} did not answer in time.",
                "Check --llm-url and whether the server keeps up with its load.",
            )
        case _ if isinstance(error, (openai.APIConnectionError, OSError, *_TRANSPORT_ERRORS)):
            return LanguageModelError(
                f"{where} cannot be reached, or the connection broke.",
                "Check --llm-url and that the server is running.",
            )
        case openai.APIError():
            return LanguageModelError(
                f"{where} reported an error in the middle of its reply.",
                "Check the server's log and its load, then try again.",
            )
        case _:
            return LanguageModelReplyError(
                f"{where} sent something that cannot be read ({type(error).__name__}).",
                "Check that --llm-url is an OpenAI-compatible chat endpoint.",
            )


async def check_endpoint(url: str, model: str, key: str = "", deadline_s: float = 10.0) -> None:
    """Make sure that *model* can be used at *url* before a call depends on it.

    Lists the models; where the list is missing or does not name the model (aliases are often left
    out), asks for a completion of one token.

    Raises:
        LanguageModelError: unreachable, unauthorised, unknown model, or no answer in time.
    """
    endpoint = LlmEndpoint(url=url, model=model, api_key=key)
    client = open_client(endpoint)
    try:
        async with asyncio.timeout(deadline_s):
            if await _lists_model(client, model):
                return
            await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Hello"}],
                extra_body=endpoint.token_limit(1),
            )
    except Exception as error:
        raise language_model_error(error, endpoint) from error
    finally:
        await client.close()


async def resolve_model(endpoint: LlmEndpoint, deadline_s: float = 10.0) -> LlmEndpoint:
    """*endpoint* with a model name: its own, or the only model the server lists.

    Raises:
        LanguageModelError: unreachable, unauthorised, or none or several models listed.
    """
    if endpoint.model:
        return endpoint
    client = open_client(endpoint)
    try:
        async with asyncio.timeout(deadline_s):
            page = await client.models.list()
    except Exception as error:
        raise language_model_error(error, endpoint) from error
    finally:
        await client.close()
    models = getattr(page, "data", None) or []
    if len(models) != 1:
        raise LanguageModelRefusedError(
            f"The language model server at {endpoint.host} lists {len(models)} models.",
            "Choose one with --llm-model.",
        )
    return replace(endpoint, model=models[0].id)


async def _lists_model(client: AsyncOpenAI, model: str) -> bool:
    try:
        page = await client.models.list()
    except (openai.AuthenticationError, openai.PermissionDeniedError):
        raise
    except openai.APIStatusError:
        return False
    # Servers that answer any path with a page of their own leave the list empty.
    return any(entry.id == model for entry in getattr(page, "data", None) or [])


async def complete_json(
    endpoint: LlmEndpoint,
    messages: Sequence[Mapping[str, Any]],
    schema: Mapping[str, Any],
    deadline_s: float,
    max_tokens: int = 400,
) -> dict[str, Any]:
    """Ask once, outside any pipeline, for a JSON object that follows *schema*.

    Args:
        endpoint: where to ask.
        messages: OpenAI chat messages (``role``, ``content``).
        schema: JSON schema of an object; property order is the order of writing.
        deadline_s: seconds for the whole request.
        max_tokens: limit of the answer.

    Raises:
        LanguageModelError: unreachable, refused, too late, or an answer that is no JSON object
            with the schema's required properties.
    """
    client = open_client(endpoint)
    try:
        async with asyncio.timeout(deadline_s):
            completion = await client.chat.completions.create(
                model=endpoint.model,
                messages=cast("Any", list(messages)),
                response_format=cast("Any", json_response_format(schema)),
                extra_body={"temperature": 0, **endpoint.token_limit(max_tokens)},
            )
        answer = json.loads(completion.choices[0].message.content or "")
    except Exception as error:
        raise language_model_error(error, endpoint) from error
    finally:
        await client.close()
    required = schema.get("required", ())
    if not isinstance(answer, dict) or any(name not in answer for name in required):
        raise LanguageModelReplyError(
            f"The language model at {endpoint.host} left the requested fields out.",
            "Use a server that supports response_format with a JSON schema.",
        )
    return answer


def json_response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The ``response_format`` request field that makes a server write *schema*."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "response", "schema": dict(schema), "strict": True},
    }


def is_retryable(error: LanguageModelError) -> bool:
    """Whether the same request may succeed a second time: everything but a refusal."""
    return not isinstance(error, LanguageModelRefusedError)

"""A scripted OpenAI-compatible server: a test double at the edge of the process.

A list of rules enters (in code or from a YAML file); a real HTTP server on loopback answers from
them, in its own thread, so that a test's blocking code and its event loop both can talk to it. It
serves ``/v1/models`` and ``/v1/chat/completions``, streamed or whole, and the same rule answers
either kind of model: with native tool calls, or, when the request asks for a JSON schema, with the
constrained JSON object. Every request is recorded::

    rules = [Rule(user="bill", call="look_up_invoices"), Rule(last="tool", say="It is paid.")]
    with ScriptedLlm(rules) as llm:
        endpoint = LlmEndpoint(url=llm.url, model=llm.model)

The same as YAML (``ScriptedLlm(load_rules(path))``)::

    - {user: bill, offers: look_up_invoices, call: look_up_invoices}
    - {last: tool, say: Your October invoice is 64.90 dollars.}
    - {user: "(?i)person", call: transfer_to_human, arguments: {reason: asks for a person}}
    - {user: hello, fault: hang, times: 1}
    - {say: I see. What else can I do?}

The first rule that matches answers. A request without a match gets HTTP 500 and stands in
``unmatched``.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

KEY_REFUSED = 401
_START_DEADLINE_S = 20.0
_RESULT = "Result of "


class Fault(StrEnum):
    """What can go wrong with an answer; what the rule says is sent as far as the fault allows."""

    HANG = "hang"  # the request is accepted and nothing ever comes
    HANG_IN_REPLY = "hang_in_reply"  # the first half comes, then nothing
    DROP = "drop"  # the connection is cut in the middle of the reply
    CUT_OFF = "cut_off"  # the stream ends in the middle, in good order
    GARBAGE = "garbage"  # bytes that are no JSON
    NOT_A_STREAM = "not_a_stream"  # HTTP 200 with a web page
    EMPTY = "empty"  # a reply without words
    ERROR_EVENT = "error_event"  # the server reports an error in the stream
    BAD_ARGUMENTS = "bad_arguments"  # a tool call whose arguments are no JSON


@dataclass(frozen=True)
class Request:
    """One chat request as the server got it, and what rules look at.

    Attributes:
        body: the JSON body.
        key: the bearer token.
        disconnected: set when the client closed the connection before the answer was complete.
    """

    body: dict[str, Any]
    key: str = ""
    disconnected: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages", []))

    @property
    def is_constrained(self) -> bool:
        """Whether the answer must be one of the actions of a constrained model."""
        return "anyOf" in self._schema

    @property
    def _schema(self) -> dict[str, Any]:
        return dict(self.body.get("response_format", {}).get("json_schema", {}).get("schema", {}))

    @property
    def offered(self) -> list[str]:
        """Names of the tools on offer."""
        variants = self._schema.get("anyOf", [])
        actions = [variant["properties"]["action"]["const"] for variant in variants]
        tools = [tool["function"]["name"] for tool in self.body.get("tools") or []]
        return tools + [action for action in actions if action != "reply"]

    @property
    def last(self) -> str:
        """Role of the last message; a tool result is ``tool`` however it was sent."""
        return _role(self.messages[-1]) if self.messages else ""

    @property
    def user(self) -> str:
        """What the caller said last."""
        texts = [_text(m) for m in self.messages if _role(m) == "user"]
        return texts[-1] if texts else ""

    @property
    def system(self) -> str:
        """All instructions, one after the other."""
        return "\n".join(_text(m) for m in self.messages if _role(m) in {"system", "developer"})


def _role(message: Mapping[str, Any]) -> str:
    is_result = message["role"] == "user" and _text(message).startswith(_RESULT)
    return "tool" if is_result else str(message["role"])


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


@dataclass
class Rule:
    """When to answer, and what. Every condition given must hold.

    Attributes:
        user: regular expression found in what the caller said last.
        last: role of the last message (``user``, ``tool``, ``developer`` ...).
        offers: a tool that must be on offer.
        system: regular expression found in the instructions.
        matches: any other condition.
        say: words to answer with.
        call: tool to call; *arguments* are its arguments.
        json: object to answer with, for out-of-band requests with a schema.
        status: HTTP status of an error answer.
        fault: what goes wrong.
        delay_s: before the first token.
        token_interval_s: between tokens (words).
        times: answers this often at most.
    """

    user: str | None = None
    last: str | None = None
    offers: str | None = None
    system: str | None = None
    matches: Callable[[Request], bool] | None = None
    say: str = ""
    call: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    status: int = 200
    fault: Fault | None = None
    delay_s: float = 0.0
    token_interval_s: float = 0.0
    times: int | None = None

    def __post_init__(self) -> None:
        self.fault = Fault(self.fault) if self.fault else None

    def holds(self, request: Request) -> bool:
        return (
            self.times != 0
            and (self.user is None or re.search(self.user, request.user) is not None)
            and (self.last is None or self.last == request.last)
            and (self.offers is None or self.offers in request.offered)
            and (self.system is None or re.search(self.system, request.system) is not None)
            and (self.matches is None or self.matches(request))
        )


def load_rules(path: Path) -> list[Rule]:
    """Rules from a YAML list; see the module's example for the keys."""
    return [Rule(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


class ScriptedLlm:
    """The server; a context manager.

    Args:
        rules: tried in order.
        model: the one model it serves; another is refused with HTTP 404.
        key: the key it wants; empty for none.
        lists_models: whether ``/v1/models`` exists.
    """

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        model: str = "scripted",
        key: str = "",
        lists_models: bool = True,
    ) -> None:
        self.rules = list(rules)
        self.model = model
        self.requests: list[Request] = []
        self.unmatched: list[Request] = []
        self._key = key
        self._lists_models = lists_models
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._port = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> ScriptedLlm:
        self._thread.start()
        if not self._started.wait(_START_DEADLINE_S):
            raise TimeoutError("the scripted language model did not start")
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_DEADLINE_S)

    def wait_for_requests(self, count: int, deadline_s: float = 20.0) -> None:
        """Block until *count* requests have arrived. Not for use on a busy event loop."""
        give_up = time.monotonic() + deadline_s
        while len(self.requests) < count:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{len(self.requests)} of {count} requests arrived")
            time.sleep(0.01)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        if self._lists_models:
            app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        # A handler that is waiting is cancelled when its client goes away.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _models(self, http: web.Request) -> web.StreamResponse:
        if _bearer(http) != self._key and self._key:
            return _error(KEY_REFUSED)
        entry = {"id": self.model, "object": "model", "created": 0, "owned_by": "test"}
        return web.json_response({"object": "list", "data": [entry]})

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        request = Request(body=await http.json(), key=_bearer(http))
        self.requests.append(request)
        if self._key and request.key != self._key:
            return _error(KEY_REFUSED)
        if request.body.get("model") != self.model:
            return _error(404)
        rule = next((rule for rule in self.rules if rule.holds(request)), None)
        if rule is None:
            self.unmatched.append(request)
            return _error(500)
        if rule.times is not None:
            rule.times -= 1
        try:
            return await self._answer(http, request, rule)
        except (asyncio.CancelledError, ConnectionResetError):
            request.disconnected.set()
            raise

    async def _answer(self, http: web.Request, request: Request, rule: Rule) -> web.StreamResponse:
        if rule.delay_s:
            await asyncio.sleep(rule.delay_s)
        if rule.fault is Fault.HANG:
            await asyncio.Event().wait()
        if rule.status != 200:
            return _error(rule.status)
        if rule.fault is Fault.NOT_A_STREAM:
            return web.Response(text="<html>Welcome</html>", content_type="text/html")
        if request.body.get("stream"):
            return await self._stream(http, request, rule)
        message: dict[str, Any] = {"role": "assistant", "content": None}
        for delta in self._deltas(request, rule):
            if "tool_calls" in delta:
                message.setdefault("tool_calls", []).extend(delta["tool_calls"])
            else:
                message["content"] = (message["content"] or "") + delta["content"]
        if rule.fault is Fault.GARBAGE:
            message["content"] = "{not json"
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({**self._head("chat.completion"), "choices": [choice]})

    async def _stream(self, http: web.Request, request: Request, rule: Rule) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http)

        async def send(delta: dict[str, Any], finish_reason: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
            chunk = {**self._head("chat.completion.chunk"), "choices": [choice]}
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())

        await send({"role": "assistant", "content": ""})
        deltas = [] if rule.fault is Fault.EMPTY else self._deltas(request, rule)
        breaks = {Fault.HANG_IN_REPLY, Fault.DROP, Fault.CUT_OFF, Fault.GARBAGE, Fault.ERROR_EVENT}
        if rule.fault in breaks:
            deltas = deltas[: len(deltas) // 2]
        for delta in deltas:
            await send(delta)
            await asyncio.sleep(rule.token_interval_s)
        if rule.fault in breaks:
            return await self._break(http, response, rule.fault)
        await send({}, "tool_calls" if rule.call and not request.is_constrained else "stop")
        if (request.body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": 1, "completion_tokens": len(deltas), "total_tokens": 1}
            chunk = {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _break(
        self, http: web.Request, response: web.StreamResponse, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is Fault.HANG_IN_REPLY:
            await asyncio.Event().wait()
        elif fault is Fault.GARBAGE:
            await response.write(b"data: {not json\n\n")
        elif fault is Fault.ERROR_EVENT:
            await response.write(b'data: {"error": {"message": "out of memory", "code": 500}}\n\n')
        elif fault is Fault.DROP and http.transport is not None:
            http.transport.abort()
        return response

    def _deltas(self, request: Request, rule: Rule) -> list[dict[str, Any]]:
        """The answer in pieces of a word, the way models stream."""
        if request.is_constrained:
            action: dict[str, Any] = {"action": rule.call or "reply"}
            if rule.call and rule.arguments:
                action["arguments"] = rule.arguments
            elif not rule.call:
                action["say"] = rule.say
            return [{"content": piece} for piece in _pieces(json.dumps(action))]
        if rule.json is not None:
            return [{"content": piece} for piece in _pieces(json.dumps(rule.json))]
        deltas: list[dict[str, Any]] = [{"content": piece} for piece in _pieces(rule.say)]
        if rule.call:
            name = {"name": rule.call, "arguments": ""}
            first = {"index": 0, "id": f"call_{len(self.requests)}", "type": "function"}
            deltas.append({"tool_calls": [{**first, "function": name}]})
            arguments = json.dumps(rule.arguments)
            if rule.fault is Fault.BAD_ARGUMENTS:
                arguments = arguments[:-1]
            for piece in _pieces(arguments):
                part = {"index": 0, "function": {"arguments": piece}}
                deltas.append({"tool_calls": [part]})
        return deltas

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": self.model}


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _bearer(http: web.Request) -> str:
    return http.headers.get("Authorization", "").removeprefix("Bearer ")


def _error(status: int) -> web.Response:
    return web.json_response({"error": {"message": "scripted", "code": status}}, status=status)

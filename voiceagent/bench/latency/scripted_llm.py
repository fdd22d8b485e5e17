"""A language model that is always equally fast: OpenAI-compatible, with a fixed script and pace.

``python -m voiceagent.bench.latency.scripted_llm`` serves it on a free port of this machine, says
which on standard output, and ends when standard input does. It is a process of its own, so that its
time is not counted to either system.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

from aiohttp import web

FIRST_TOKEN_S = 0.150
TOKENS_PER_S = 60.0
MODEL = "scripted"

# Nothing that a guard would have to check, and long enough to be spoken over.
REPLIES = (
    "Sure, I can look that up for you. It will only take me a moment.",
    "I understand, thank you for telling me. Is there anything else?",
    "All right, I see what you mean. Let me have a closer look at that.",
    "Thank you, I have written that down. What else would you like to know?",
    "Yes, I heard you well. Please tell me a little more about it.",
    "Good, then we are of one mind. Would you like to go on?",
)
_TOKEN = re.compile(r"\s?[A-Za-z']{1,6}|[A-Za-z']+|\s?[^\sA-Za-z]")


def tokens(text: str) -> list[str]:
    """A reply in pieces of a model's usual size."""
    return _TOKEN.findall(text)


def reply_to(words: str) -> str:
    """The same words always get the same reply."""
    letters = re.sub(r"\W", "", words.lower())
    return REPLIES[sum(map(ord, letters)) % len(REPLIES)]


def application(first_token_s: float = FIRST_TOKEN_S, tokens_per_s: float = TOKENS_PER_S) -> Any:
    """The server, as an aiohttp application."""

    async def models(_request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    async def chat(request: web.Request) -> web.StreamResponse:
        begun = time.monotonic()
        body = await request.json()
        said = [m for m in body["messages"] if m["role"] == "user"]
        pieces = tokens(reply_to(str(said[-1]["content"]) if said else ""))
        if not body.get("stream"):
            await asyncio.sleep(first_token_s + len(pieces) / tokens_per_s)
            return web.json_response(_whole("".join(pieces)))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        due = begun + first_token_s
        try:
            for piece in pieces:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await response.write(_event({"role": "assistant", "content": piece}))
                due += 1 / tokens_per_s
            await response.write(_event({}, "stop"))
            await response.write(b"data: [DONE]\n\n")
        except ConnectionResetError:
            # The caller went on talking: the reply is not wanted any more.
            pass
        return response

    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", chat)
    return app


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {
        "id": "scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _whole(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


async def _serve() -> None:
    runner = web.AppRunner(application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sys.stdout.write(f"http://127.0.0.1:{port}/v1\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve())

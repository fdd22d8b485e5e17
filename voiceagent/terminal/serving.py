"""``voiceagent serve`` and ``voiceagent demo --desk``: the service, and where to find it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import uuid
from collections.abc import AsyncIterator

import uvicorn
from rich.console import Console
from rich.panel import Panel

from voiceagent.desk.passwords import Passwords
from voiceagent.domain.errors import InputError
from voiceagent.service import Service
from voiceagent.settings import Settings
from voiceagent.store.desk_records import DeskUser, Role
from voiceagent.store.desk_store import DeskStore
from voiceagent.wiring import utc_now

DEMO_USER = "demo"

# Streams of the pages end with the server; whatever hangs is cut off after so long.
_SHUTDOWN_S = 10


async def serve(settings: Settings, console: Console) -> None:
    """Serve the desk and hold its calls until a signal ends it.

    Raises:
        InputError: the address cannot be listened on, or a certificate cannot be used.
        VoiceAgentError: a part of the service cannot be opened.
    """
    async with _listening(settings) as (listener, address), Service(settings) as service:
        people = await asyncio.to_thread(DeskStore(service.store).users)
        console.print(f"The desk is at {address}/sign-in", highlight=False)
        if settings.customer_page:
            console.print(f"Customers talk to the agent at {address}/call", highlight=False)
        if not people:
            console.print(
                "Nobody may sign in yet: voiceagent desk-user add NAME --role agent"
                " --role supervisor"
            )
        await _run(settings, service, listener)


async def demo_desk(settings: Settings, console: Console) -> None:
    """The same with the sample company, the customer's page, and a login that is printed.

    Raises:
        InputError: the address cannot be listened on.
        VoiceAgentError: a part of the service cannot be opened.
    """
    settings = settings.model_copy(
        update={"customer_page": True, "data_dir": settings.data_dir / "demo-desk"}
    )
    async with _listening(settings) as (listener, address):
        console.print("Loading the models; that takes up to a minute ...", style="dim")
        async with Service(settings) as service:
            password = await asyncio.to_thread(_demo_password, DeskStore(service.store))
            console.print(
                Panel(
                    f"1. The human agent: {address}/sign-in\n"
                    f"   user {DEMO_USER}, password {password}\n"
                    "   Check the microphone, then choose Available.\n"
                    f"2. The customer, in another tab: {address}/call\n"
                    '   Choose a customer, "Call me back", and say what you like; "I want to\n'
                    '   speak to a person" rings the desk.\n'
                    f"3. The supervisor's board: {address}/board\n\n"
                    "Headphones keep the two tabs from hearing each other. Ctrl-C ends it.",
                    title="voiceagent demo --desk",
                    border_style="cyan",
                ),
                highlight=False,
                soft_wrap=True,
            )
            await _run(settings, service, listener)


def _demo_password(store: DeskStore) -> str:
    """A fresh password for the one user of the demo, who may do everything."""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    hashed = Passwords().hash(password)
    known = {user.name: user for user in store.users()}
    if DEMO_USER in known:
        store.set_password(known[DEMO_USER].id, hashed)
    else:
        user = DeskUser(
            id=uuid.uuid4().hex,
            name=DEMO_USER,
            display_name="Dana Reyes",
            roles=(Role.AGENT, Role.SUPERVISOR, Role.ADMIN),
            languages=("en", "de"),
            skills=("billing",),
            disabled=False,
            created_at=utc_now(),
        )
        store.add_user(user, hashed)
    return password


@contextlib.asynccontextmanager
async def _listening(settings: Settings) -> AsyncIterator[tuple[socket.socket, str]]:
    """The socket, before a minute is spent on models that nobody could reach."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise InputError(
                f"The service cannot listen on {settings.host}, port {settings.port}:"
                f" {error.strerror}.",
                "Choose others: --host and --port.",
            ) from error
        host = f"[{settings.host}]" if family is socket.AF_INET6 else settings.host
        scheme = "https" if settings.tls_certificate else "http"
        yield listener, f"{scheme}://{host}:{listener.getsockname()[1]}"
    finally:
        listener.close()


async def _run(settings: Settings, service: Service, listener: socket.socket) -> None:
    config = uvicorn.Config(
        service.web,
        # Links to sound carry tokens, which belong in no log.
        access_log=False,
        log_level="warning",
        lifespan="on",
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    try:
        config.load()
    except OSError as error:
        raise InputError(
            f"The certificate or its key cannot be used: {error}.",
            "Set tls_certificate and tls_key to readable PEM files.",
        ) from error
    await uvicorn.Server(config).serve(sockets=[listener])

"""A running service with a scripted language model, and real headless Chromium to look at it.

One ``voiceagent serve`` for all tests of the folder, in a process of its own, as a company would
run it: real speech models, real SQLite, real WebRTC. Every browser has a microphone of its own that
plays a WAV over and over, as Chromium's fake device does.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.pages import CustomerPage, DeskPage, SignInPage
from tests.scenarios.billing_rules import billing_rules
from tests.scripted_llm import ScriptedLlm

ROOT = Path(__file__).parents[2]
CALLERS = ROOT / "audio_fixtures" / "callers"
SCREENSHOTS = Path(os.environ.get("VOICEAGENT_SCREENSHOTS", ROOT / "out" / "screenshots"))
PASSWORD = "correct horse battery staple"
START_S = 240.0
MICROPHONE_HZ = 48_000


def chromium() -> str:
    """The browser's program; a missing one fails the test and says how to get it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.fail("Chromium is needed: run .ci/chromium, or leave these out: -m 'not browser'.")


@dataclass
class RunningService:
    """The service, its address, its prompts to edit, and what it printed."""

    address: str
    data_dir: Path
    prompts: Path
    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run ``voiceagent`` beside it, on the same data."""
        done = subprocess.run(
            [sys.executable, "-m", "voiceagent.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "VOICEAGENT_DATA_DIR": str(self.data_dir)},
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_person(self, name: str, display: str, *roles: str) -> None:
        """Somebody who may sign in with the one password of the tests."""
        given = [word for role in roles for word in ("--role", role)]
        self.command(
            "desk-user", "add", name, *given, "--display", display, "--language", "en",
            "--skill", "billing", "--password-stdin", stdin=f"{PASSWORD}\n",
        )  # fmt: skip


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder = tmp_path_factory.mktemp("service")
    prompts = Path(shutil.copytree(ROOT / "prompts", folder / "prompts"))
    with ScriptedLlm(billing_rules()) as llm:
        environment = {
            **os.environ,
            "VOICEAGENT_DATA_DIR": str(folder / "data"),
            "VOICEAGENT_PROMPTS_DIR": str(prompts),
            "VOICEAGENT_HUMAN_RING_TIMEOUT_S": "12",
            "VOICEAGENT_SECOND_OPINION": "false",
            "VOICEAGENT_HUMANS_RUNG_AT_ONCE": "2",
            "VOICEAGENT_CUSTOMER_CALLS": "3",
            "VOICEAGENT_WRAP_UP_S": "600",
        }
        process = subprocess.Popen(
            [
                sys.executable, "-m", "voiceagent.cli", "serve", "--port", "0", "--customer-page",
                "--llm-url", llm.url, "--llm-model", llm.model,
            ],
            cwd=ROOT, env=environment, text=True, bufsize=1,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        running = RunningService("", folder / "data", prompts, process)
        ready = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                running.printed.append(line)
                if found := re.search(r"The desk is at (http://\S+)/sign-in", line):
                    running.address = found[1]
                    ready.set()

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        try:
            if not ready.wait(START_S):
                pytest.fail(f"the service did not start:\n{''.join(running.printed)}")
            running.add_person("dana", "Dana", "agent")
            running.add_person("kim", "Kim", "agent", "supervisor")
            yield running
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
            reading.join(10)
            assert process.stdout is not None
            process.stdout.close()


def clip(name: str) -> np.ndarray:
    """A recorded line of a caller, at the microphone's rate."""
    audio, rate_hz = soundfile.read(CALLERS / name, dtype="float32")
    return np.asarray(soxr.resample(audio, rate_hz, MICROPHONE_HZ, quality="HQ"), np.float32)


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    """A steady tone, to be found again in a recording."""
    time = np.arange(int(seconds * MICROPHONE_HZ)) / MICROPHONE_HZ
    return np.asarray(0.2 * np.sin(2 * np.pi * hz * time), np.float32)


def _sound(part: np.ndarray | float) -> np.ndarray:
    if isinstance(part, int | float):
        return np.zeros(int(part * MICROPHONE_HZ), np.float32)
    return part


def microphone(folder: Path, *parts: np.ndarray | float) -> Path:
    """A WAV for a fake microphone: clips, and seconds of silence between them; it repeats."""
    sound = np.concatenate(
        [
            np.zeros(int(part * MICROPHONE_HZ), np.float32)
            if isinstance(part, int | float)
            else part
            for part in parts
        ]
    )
    path = folder / f"microphone-{len(list(folder.glob('microphone-*')))}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@asynccontextmanager
async def a_browser(sound: Path) -> AsyncIterator[Browser]:
    """Chromium, with this sound for a microphone."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={sound}",
                "--autoplay-policy=no-user-gesture-required",
                # Two browsers on one machine find each other without a name server.
                "--disable-features=WebRtcHideLocalIpsWithMdns",
            ],
        )
        try:
            yield browser
        finally:
            await browser.close()


class Browsers:
    """The browsers of one test, closed at its end."""

    def __init__(self, service: RunningService, folder: Path) -> None:
        self._service = service
        self._folder = folder
        self._open: list[tuple[AsyncIterator[Browser], Browser]] = []
        self._contexts: list = []

    async def page(self, *sound: np.ndarray | float, **context: object) -> Page:
        """A page in a browser of its own that hears this in its microphone."""
        opened = a_browser(microphone(self._folder, *(sound or (1.0,))))
        browser = await opened.__aenter__()
        self._contexts.append(opened)
        made = await browser.new_context(**{"permissions": ["microphone"], **context})
        page = await made.new_page()
        page.set_default_timeout(20_000)
        return page

    async def desk(
        self, display: str, *sound: np.ndarray | float, roles: tuple[str, ...] = ("agent",)
    ) -> DeskPage:
        """Somebody new signed in at their desk: nobody has a wrap-up of another test to finish."""
        user = f"{display.lower()}-{secrets.token_hex(3)}"
        await asyncio.to_thread(self._service.add_person, user, display, *roles)
        page = await self.page(*sound)
        sign_in = SignInPage(page, self._service.address)
        await sign_in.open()
        await sign_in.sign_in(user, PASSWORD)
        await page.wait_for_url(re.compile(r"/(desk|board)$"))
        desk = DeskPage(page, self._service.address)
        await desk.open()
        return desk

    async def customer(self, account: str, *sound: np.ndarray | float) -> CustomerPage:
        """A customer who has asked to be called back."""
        page = await self.page(*sound)
        customer = CustomerPage(page, self._service.address)
        await customer.open()
        await customer.choose(account)
        await customer.call_me_back()
        return customer

    async def close(self) -> None:
        for opened in reversed(self._contexts):
            await opened.__aexit__(None, None, None)
        self._contexts.clear()


@pytest.fixture
async def browsers(service: RunningService, tmp_path: Path) -> AsyncIterator[Browsers]:
    browsers = Browsers(service, tmp_path)
    try:
        yield browsers
    finally:
        await asyncio.wait_for(browsers.close(), 60)

"""The desk's pages as tests use them: what a person sees and does, not how it is marked up.

In: a Playwright page (async API) and the server's address. Out: one object per page. Things are
found by role and label; only where neither suffices by ``data-testid``:

- ``turn``: one turn of a transcript, with ``data-turn`` (its number) and ``data-speaker``
  (``caller``, ``agent`` or ``human``);
- ``far-end``: the audio element that plays the other side (desk, board, customer);
- ``counts``: the board's counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

DEADLINE_MS = 20_000
"""How long a page may take to show what it should; generous, since it is never measured."""

_LEVEL = """async (element) => {
  if (!element.srcObject) return 0;
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 16384;
  context.createMediaStreamSource(element.srcObject).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  await context.close();
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}"""


@dataclass(frozen=True)
class Said:
    """One turn as the page shows it. ``speaker`` is ``caller``, ``agent`` or ``human``."""

    number: int
    speaker: str
    text: str


@dataclass
class _OnePage:
    page: Page
    base_url: str

    async def _open(self, path: str) -> None:
        await self.page.goto(self.base_url + path)

    async def press(self, key: str) -> None:
        """Press a key with the focus where it is."""
        await self.page.keyboard.press(key)

    @property
    def troubles(self) -> Locator:
        """What the page reads out as wrong, toasts included."""
        return self.page.get_by_role("alert").filter(has_text=" ")

    def notice(self, text: str) -> Locator:
        """A toast with this text."""
        return self.page.get_by_role("region", name="Notices").get_by_text(text)

    @property
    def connection_lost(self) -> Locator:
        """The banner of a stream that is down."""
        return self.page.get_by_text("Connection lost, reconnecting")

    @property
    def signed_out(self) -> Locator:
        """The dialog over a page whose session is gone."""
        return self.page.get_by_role("dialog", name="You are signed out")

    def _turn(self, number: int | None = None) -> Locator:
        turns = self.page.get_by_test_id("turn")
        return turns if number is None else self.page.locator(f"[data-turn='{number}']")

    async def wait_for_words(self, text: str) -> None:
        """Until a turn with these words stands in the transcript."""
        await expect(self._turn().filter(has_text=text).first).to_be_visible(timeout=DEADLINE_MS)

    async def said(self) -> list[Said]:
        """The transcript as it stands, in order."""
        return [
            Said(
                int(await turn.get_attribute("data-turn") or 0),
                await turn.get_attribute("data-speaker") or "",
                (await turn.locator("p").inner_text()).strip(),
            )
            for turn in await self._turn().all()
        ]

    async def heard_level(self) -> float:
        """Root mean square (0..1) of what the far end plays, over a third of a second."""
        element = self.page.get_by_test_id("far-end")
        level: float = await element.evaluate(_LEVEL)
        return level


class SignInPage(_OnePage):
    """``/sign-in``."""

    async def open(self) -> None:
        await self._open("/sign-in")

    async def sign_in(self, user: str, password: str) -> None:
        """Fill the form in and send it; where it leads is for the test to expect."""
        await self.page.get_by_label("User name").fill(user)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Sign in").click()


class DeskPage(_OnePage):
    """``/desk``: availability, the ring, the call, the wrap-up."""

    async def open(self) -> None:
        await self._open("/desk")
        await expect(self._availability("Available")).to_be_visible(timeout=DEADLINE_MS)

    def _availability(self, name: str) -> Locator:
        group = self.page.get_by_role("group", name="Availability")
        return group.get_by_role("button", name=name, exact=True)

    async def choose(self, name: str) -> None:
        """Choose ``Available``, ``Paused`` or ``Off`` and wait until the server has it so."""
        button = self._availability(name)
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true", timeout=DEADLINE_MS)

    async def go_available(self) -> None:
        """Available, with the own line open."""
        await self.choose("Available")
        await expect(self.page.get_by_text("Line open")).to_be_visible(timeout=DEADLINE_MS)

    async def check_microphone(self) -> None:
        """Open the microphone only, and wait until it is."""
        await self.page.get_by_role("button", name="Check microphone").click()
        again = self.page.get_by_role("button", name="Check again")
        await expect(again).to_be_visible(timeout=DEADLINE_MS)

    @property
    def microphone_level(self) -> Locator:
        """The meter; its value is ``aria-valuenow``, 0..100."""
        return self.page.get_by_role("meter", name="Your microphone's level")

    async def wait_for_ring(self, name: str) -> None:
        """Until this caller rings."""
        caller = self.page.get_by_role("region", name=name).filter(has_text="Incoming call")
        await expect(caller).to_be_visible(timeout=DEADLINE_MS)

    async def wait_idle(self) -> None:
        """Until nothing rings, nobody talks and nothing is to be wrapped up."""
        heading = self.page.get_by_role("heading", name="Microphone and headset")
        await expect(heading).to_be_visible(timeout=DEADLINE_MS)

    async def accept(self) -> None:
        await self.page.get_by_role("button", name="Accept").click()

    async def decline(self) -> None:
        await self.page.get_by_role("button", name="Decline").click()

    @property
    def packet(self) -> Locator:
        """The packet, while it rings and from then on."""
        return self.page.get_by_role("article", name="Packet")

    def stage(self, text: str) -> Locator:
        """The call's stage: ``Connecting``, ``You are being briefed``, ``Talking``, ``On hold``."""
        return self.page.get_by_role("status").get_by_text(text, exact=True)

    async def wait_for_stage(self, text: str) -> None:
        status = self.page.get_by_role("status").filter(has_text=text).first
        await expect(status).to_be_visible(timeout=DEADLINE_MS)

    def deed(self, name: str) -> Locator:
        """A deed: ``Mute``, ``Unmute``, ``Hold``, ``Go on``, ``Send back`` or ``End``."""
        group = self.page.get_by_role("group", name="Call", exact=True)
        return group.get_by_role("button", name=name, exact=True)

    async def send_back(self, instruction: str) -> None:
        """Send the caller back to the assistant."""
        await self.deed("Send back").click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_label("What should the assistant do?").fill(instruction)
        await dialog.get_by_role("button", name="Send back").click()

    async def end(self) -> None:
        """End the call, and say so again when asked."""
        await self.deed("End").click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_role("button", name="End the call").click()

    async def write_note(self, text: str) -> None:
        """Write a note and wait until the page says that it is saved."""
        await self.page.get_by_label("Notes").fill(text)
        await expect(self.page.get_by_text("Saved ")).to_be_visible(timeout=DEADLINE_MS)

    async def wait_for_wrap_up(self, name: str) -> None:
        heading = self.page.get_by_role("heading", name=f"Wrap up: {name}")
        await expect(heading).to_be_visible(timeout=DEADLINE_MS)

    async def wrap_up(
        self, disposition: str, *, callback: tuple[str, str, str] | None = None
    ) -> None:
        """Fill the form in and send it.

        ``disposition`` is the label, such as ``Resolved``; ``callback`` is day (``YYYY-MM-DD``),
        time (``HH:MM``), both local, and the reason.
        """
        await self.page.get_by_label(disposition, exact=True).check()
        if callback is not None:
            day, time, reason = callback
            await self.page.get_by_label("Call the customer back").check()
            await self.page.get_by_label("Day").fill(day)
            await self.page.get_by_label("Time", exact=True).fill(time)
            await self.page.get_by_label("Reason").fill(reason)
        await self.page.get_by_role("button", name="Finish and be available").click()


class BoardPage(_OnePage):
    """``/board``: calls in progress, and one of them opened."""

    async def open(self) -> None:
        await self._open("/board")
        await expect(self.page.get_by_test_id("counts")).to_be_visible(timeout=DEADLINE_MS)

    def row(self, name: str) -> Locator:
        """The row of a caller."""
        return self.page.get_by_role("row").filter(has_text=name)

    async def count(self, label: str) -> int:
        """One of the counts, such as ``Live`` or ``Handed over today``."""
        entry = self.page.get_by_test_id("counts").locator("div").filter(has_text=label)
        return int(await entry.first.locator("dd").inner_text())

    async def open_call(self, name: str) -> None:
        await self.row(name).get_by_role("link").click()
        await expect(self.panel.get_by_role("heading", name=name)).to_be_visible(
            timeout=DEADLINE_MS
        )

    @property
    def panel(self) -> Locator:
        """The opened call."""
        return self.page.get_by_role("complementary", name="Call")

    async def show(self, tab: str) -> None:
        """``Transcript``, ``Verdicts`` or ``Packet`` of the opened call."""
        await self.panel.get_by_role("tab", name=tab).click()

    async def listen(self) -> None:
        """Listen in; what is heard is measured by :meth:`heard_level`."""
        await self.panel.get_by_role("button", name="Listen in").click()
        await expect(self.panel.get_by_role("button", name="Stop listening")).to_be_visible()

    async def stop_listening(self) -> None:
        await self.panel.get_by_role("button", name="Stop listening").click()

    async def hint(self, text: str) -> None:
        """Whisper to the assistant, and wait until the server has taken it."""
        await self.panel.get_by_label("Whisper to the assistant").fill(text)
        await self.panel.get_by_role("button", name="Whisper").click()
        await expect(self.notice("Whispered to the assistant.")).to_be_visible(timeout=DEADLINE_MS)

    async def take_over(self) -> None:
        """Ring the own desk with this call; the page goes there."""
        await self.panel.get_by_role("button", name="Take over").click()
        await self.page.get_by_role("dialog").get_by_role("button", name="Ring my desk").click()
        try:
            await self.page.wait_for_url("**/desk", timeout=DEADLINE_MS)
        except PlaywrightTimeout:
            raise AssertionError(await self.troubles.all_inner_texts()) from None

    async def end_call(self) -> None:
        await self.panel.get_by_role("button", name="End", exact=True).click()
        await self.page.get_by_role("dialog").get_by_role("button", name="End the call").click()


class CallsPage(_OnePage):
    """``/calls``: the search of past calls."""

    async def open(self, query: str = "") -> None:
        """``query`` is the URL's, such as ``?outcome=resolved``."""
        await self._open(f"/calls{query}")

    async def search(self, text: str) -> None:
        await self.page.get_by_label("Name, number or call").fill(text)
        await self.page.get_by_role("button", name="Search").click()

    @property
    def found(self) -> Locator:
        """The calls found, as links to their reports, in order."""
        return self.page.get_by_role("table").get_by_role("link")


class ReportPage(_OnePage):
    """``/calls/{call_id}``: the report of one call."""

    async def open(self, call_id: str) -> None:
        await self._open(f"/calls/{call_id}")
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=DEADLINE_MS)

    @property
    def player(self) -> Locator:
        return self.page.get_by_role("region", name="Recording")

    async def hear_turn(self, number: int) -> None:
        """Play the recording from a turn on."""
        await self._turn(number).get_by_role("button", name=f"Hear turn {number} ").click()

    async def position_ms(self) -> float:
        """Where the recording stands."""
        audio = self.player.locator("audio")
        at: float = await audio.evaluate("(audio) => audio.currentTime * 1000")
        return at

    async def playing_turn(self) -> int | None:
        """The turn that is marked as playing."""
        playing = self.page.locator("[data-testid=turn].playing")
        if await playing.count() == 0:
            return None
        return int(await playing.get_attribute("data-turn") or 0)

    async def mark_verdict(self, turn: int, *, right: bool) -> None:
        """Mark the verdict of a turn and wait until the server has it."""
        word = "right" if right else "wrong"
        button = self.page.get_by_role("button", name=f"The verdict of turn {turn} was {word}")
        await button.click()
        await expect(button).to_have_attribute("aria-pressed", "true", timeout=DEADLINE_MS)

    def section(self, title: str) -> Locator:
        """A folding part, such as ``Packet`` or ``Handoff``."""
        return self.page.get_by_role("group").filter(
            has=self.page.get_by_role("heading", name=title)
        )


class CustomerPage(_OnePage):
    """``/call``: the customer's side in the browser."""

    async def open(self) -> None:
        await self._open("/call")
        await expect(self.page.get_by_label("Customer")).to_be_visible(timeout=DEADLINE_MS)

    async def choose(self, account_id: str) -> None:
        await self.page.get_by_label("Customer").select_option(account_id)

    async def call_me_back(self) -> None:
        """Be called back, and wait until the call's page is there."""
        await self.page.get_by_role("button", name="Call me back").click()
        await expect(self.page.get_by_role("button", name="Hang up")).to_be_visible(
            timeout=DEADLINE_MS
        )

    async def wait_for_state(self, text: str) -> None:
        """Until the state line says this, e.g. ``You are talking to Dana`` or ``On hold``."""
        heading = self.page.get_by_role("heading", name=text)
        await expect(heading).to_be_visible(timeout=DEADLINE_MS)

    async def key(self, key: str) -> None:
        """Press a key of the keypad: one of ``0-9*#``."""
        keypad = self.page.get_by_role("group", name="Keypad")
        await keypad.get_by_role("button", name=key, exact=True).click()

    async def hang_up(self) -> None:
        await self.page.get_by_role("button", name="Hang up").click()

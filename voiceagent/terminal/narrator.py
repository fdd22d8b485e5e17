"""A call told in the terminal while it happens: every committed event, in the order of the log.

What enters: events as they are logged. What leaves: lines for a human reader; who speaks, what
the call and the handoff do, what the supervisor concludes and on which words, the packet.
"""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from voiceagent.calls.latency import LatencyLedger
from voiceagent.calls.report import event_lines, offset, packet_table
from voiceagent.domain.events import CallEnded, CallMoved, CallPlaced, LoggedEvent
from voiceagent.domain.handoff import HandoffState
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved, PacketWritten
from voiceagent.domain.packet import Packet


class Narrator:
    """Prints one call, event by event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._packet: Packet | None = None

    async def on_event(self, logged: LoggedEvent) -> None:
        """Tell one event."""
        event = logged.event
        if isinstance(event, CallPlaced):
            what = f"call {logged.call_id} to account {event.account_id}: {event.reason}"
            self._line(event.at_ms, what, "bold")
        elif isinstance(event, CallMoved):
            self._line(event.at_ms, f"call: {_words(event.target)}", "bold cyan")
        elif isinstance(event, HandoffMoved):
            human = f" {event.human}" if event.human else ""
            self._line(event.at_ms, f"handoff: {_words(event.target)}{human}", "bold magenta")
            if event.target is HandoffState.BRIEFING and self._packet is not None:
                self._show_packet(self._packet, event.human)
        elif isinstance(event, PacketWritten):
            self._packet = event.packet
            self._line(event.at_ms, f"packet: version {event.packet.version} ready", "magenta")
        elif isinstance(event, HandoffEnded):
            self._line(event.at_ms, f"handoff ended: {_words(event.outcome)}", "bold magenta")
        elif isinstance(event, CallEnded):
            what = f"call ended: {_words(event.outcome)} ({_words(event.reason)})"
            self._line(event.at_ms, what, "bold cyan")
        else:
            for at_ms, line in event_lines(logged):
                self._print(at_ms, line)

    def _show_packet(self, packet: Packet, human: str) -> None:
        title = f"what the human ({human}) is shown before the bridge opens"
        panel = Panel(packet_table(packet), title=title, border_style="magenta")
        self._console.print(Padding(panel, (0, 0, 0, 9)))

    def _line(self, at_ms: int, what: str, style: str) -> None:
        self._print(at_ms, Text(what, style=style))

    def _print(self, at_ms: int, what: Text) -> None:
        self._console.print(Text(f"{offset(at_ms):>8} ", style="dim") + what, soft_wrap=True)


def show_latency(console: Console, ledger: LatencyLedger) -> None:
    """Print the latency ledger of a call."""
    if not ledger.turns:
        console.print("No turn of the caller was answered by the agent.")
        return
    waits = ", ".join(f"{turn.voice_to_voice_ms}" for turn in ledger.turns)
    console.print(
        f"Voice to voice, ms: p50 {ledger.percentile_ms(50)}, p95 {ledger.percentile_ms(95)} "
        f"over {len(ledger.turns)} turns ({waits})"
    )


def _words(name: str) -> str:
    return name.replace("_", " ")

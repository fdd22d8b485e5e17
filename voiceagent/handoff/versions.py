"""The packet while a human is sought: written from events at once, improved beside the ringing.

What enters: the caller's side, which writes and improves packets. What leaves: versions that count
up, each in the log before a human sees it. Nothing here can delay or break a handoff: a packet that
cannot be written or improved is a worse packet, not a lost caller.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import AnyEvent
from voiceagent.domain.handoff_events import PacketWritten
from voiceagent.domain.packet import Packet
from voiceagent.handoff.caller_side import CallerSide
from voiceagent.handoff.deadlines import stopped, within

logger = logging.getLogger(__name__)


class PacketVersions:
    """The versions of one handoff's packet.

    Args:
        caller: writes and improves it.
        report: commits an event.
        improve_deadline_s: for one improvement.
    """

    def __init__(
        self,
        caller: CallerSide,
        report: Callable[[Callable[[int], AnyEvent]], Awaitable[None]],
        improve_deadline_s: float,
    ) -> None:
        self._caller = caller
        self._report = report
        self._improve_deadline_s = improve_deadline_s
        self._version = 0
        self._stale = True
        self._settled = False
        self._ringing = False
        self._improving: asyncio.Task[None] | None = None
        self.latest: Packet | None = None
        """The newest version; None before the first."""

    async def ready(self) -> None:
        """A human is about to be rung: have a version, and let it be improved meanwhile."""
        self._ringing = True
        if self._stale or self.latest is None:
            await self._write()
        self._improve()

    async def renew(self) -> None:
        """Something was added: write a new version if there is one already."""
        if self.latest is not None:
            await self._end_improving()
            await self._write()
            self._improve()

    async def freeze(self) -> None:
        """A human has accepted: no more improvements, but at least one version."""
        self._ringing = False
        await self._end_improving()
        if self.latest is None:
            await self._write()

    def outdated(self) -> None:
        """Much has happened since: :meth:`ready` writes anew."""
        self._stale = True

    async def close(self) -> None:
        """Stop improving."""
        self._ringing = False
        await self._end_improving()

    async def _write(self) -> None:
        self._version += 1
        try:
            written = self._caller.write_packet(self._version)
        except Exception as error:  # A worse packet, or none, is no reason to lose the caller.
            logger.warning("the packet could not be written: %s", type(error).__name__)
            return
        self._stale = self._settled = False
        await self._publish(replace(written, version=self._version))

    async def _publish(self, packet: Packet) -> None:
        # Whoever acts on it reports first, and reports are committed in order.
        self.latest = packet
        await self._report(lambda ms: PacketWritten(at_ms=ms, packet=packet))

    def _improve(self) -> None:
        idle = self._improving is None or self._improving.done()
        if self.latest is not None and self._ringing and idle and not self._settled:
            self._improving = asyncio.create_task(
                self._better(self.latest), name="handoff-improve-packet"
            )

    async def _better(self, packet: Packet) -> None:
        try:
            improving = self._caller.improve_packet(packet)
            better = await within(improving, self._improve_deadline_s)
        except TimeoutError:
            logger.info("the packet was not improved in time")
            better = None
        except Exception as error:  # See the module: never worse than the version from events.
            logger.warning("the packet could not be improved: %s", type(error).__name__)
            better = None
        self._settled = True
        if better is not None and packet is self.latest:
            self._version += 1
            try:
                await self._publish(replace(better, version=self._version))
            except StoreError as error:
                logger.warning("an improved packet could not be reported: %s", error.code)

    async def _end_improving(self) -> None:
        improving, self._improving = self._improving, None
        await stopped(improving)

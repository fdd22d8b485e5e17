"""Browsers for tests, and what can be asked of sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from voiceagent.bench.browser_peer import RATE_HZ, BrowserPeer, Microphone
from voiceagent.legs.leg import Gone, Heard, Leg, Sound
from voiceagent.legs.webrtc_media import MediaPeer

DEADLINE_S = 20.0
HALF_SECOND = RATE_HZ // 2


class Browsers:
    """Everything a test opened, so that it can be closed again."""

    def __init__(self) -> None:
        self._peers: list[MediaPeer] = []
        self._browsers: list[BrowserPeer] = []

    def media(self, sample_rate_hz: int = 24_000, *, microphone: bool = True) -> MediaPeer:
        peer = MediaPeer((), sample_rate_hz, lost_after_s=1.0, microphone=microphone)
        self._peers.append(peer)
        return peer

    def browser(self, microphone: Microphone | None) -> BrowserPeer:
        browser = BrowserPeer(microphone)
        self._browsers.append(browser)
        return browser

    async def connected(self, microphone: Microphone) -> tuple[BrowserPeer, MediaPeer]:
        browser, media = self.browser(microphone), self.media()
        await browser.connect(media.answer)
        await media.wait_up(DEADLINE_S)
        return browser, media

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.close()
        for peer in self._peers:
            await peer.close()


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not what():  # noqa: ASYNC110  # nothing tells when it is so
            await asyncio.sleep(0.01)


async def until_heard(browser: BrowserPeer, samples: int) -> npt.NDArray[np.int16]:
    """The next so many samples that a browser hears from now on."""
    start = browser.heard_samples.size
    await until(lambda: browser.heard_samples.size >= start + samples)
    return browser.heard_samples[start : start + samples]


async def until_gone(leg: Leg) -> list[Heard]:
    """Everything a leg hears until its end, the end included."""
    heard: list[Heard] = []
    async with asyncio.timeout(DEADLINE_S):
        while not heard or not isinstance(heard[-1], Gone):
            heard.append(await leg.receive())
    return heard


async def until_sounds(leg: Leg, frames: int) -> bytes:
    """The next so many frames of a leg, in one piece."""
    pcm: list[bytes] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(pcm) < frames:
            heard = await leg.receive()
            if isinstance(heard, Sound):
                pcm.append(heard.pcm)
    return b"".join(pcm)


def pitch_hz(sound: bytes | npt.NDArray[np.int16], sample_rate_hz: int) -> float:
    """The strongest frequency."""
    spectrum = _spectrum(sound)
    return float(np.argmax(spectrum)) * sample_rate_hz / ((spectrum.size - 1) * 2)


def level(sound: bytes | npt.NDArray[np.int16], sample_rate_hz: int, frequency_hz: float) -> float:
    """The amplitude of a tone at this frequency, in 16-bit steps."""
    spectrum = _spectrum(sound)
    size = (spectrum.size - 1) * 2
    middle = round(frequency_hz * size / sample_rate_hz)
    # A Hann window halves the amplitude; the spectrum of a real tone holds half of it.
    return float(spectrum[middle - 2 : middle + 3].max()) * 4 / size


def loudest(sound: bytes | npt.NDArray[np.int16]) -> int:
    """The largest sample."""
    return int(np.abs(_samples(sound).astype(np.int32)).max(initial=0))


def tone_pcm(frequency_hz: float, seconds: float, sample_rate_hz: int = 24_000) -> bytes:
    t = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    return (8000 * np.sin(2 * np.pi * frequency_hz * t)).astype(np.int16).tobytes()


def endless_tone(frequency_hz: float, sample_rate_hz: int = 24_000) -> Callable[[], bytes]:
    """A background that plays a tone whose period divides 20 ms."""
    frame = tone_pcm(frequency_hz, 0.02, sample_rate_hz)
    return lambda: frame


def _samples(sound: bytes | npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    return np.frombuffer(sound, np.int16) if isinstance(sound, bytes) else sound


def _spectrum(sound: bytes | npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    samples = _samples(sound)
    samples = samples[: samples.size // 2 * 2].astype(np.float64)
    return np.abs(np.fft.rfft(samples * np.hanning(samples.size)))

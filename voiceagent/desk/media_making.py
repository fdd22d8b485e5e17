"""ICE servers as they are set, and the connections made with them.

In: settings. Out: a maker of connections (``MediaPeer``) for lines and listeners, and the same
servers as a browser's ``RTCPeerConnection`` takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from voiceagent.desk.ice_settings import IceServerSetting
from voiceagent.domain.errors import InputError
from voiceagent.legs.webrtc_connection import IceServer
from voiceagent.legs.webrtc_media import MediaPeer


def ice_servers(settings: Sequence[IceServerSetting]) -> tuple[IceServer, ...]:
    """The servers of the settings.

    Raises:
        InputError: a URL names neither a STUN nor a TURN server.
    """
    servers = []
    for number, setting in enumerate(settings, start=1):
        try:
            server = IceServer(
                setting.urls, setting.username, setting.credential.get_secret_value()
            )
        except ValueError as error:
            raise InputError(
                f"The ICE server number {number} has a URL that is none.",
                "Write it like stun:stun.example.org:3478 or turn:turn.example.org:3478.",
            ) from error
        servers.append(server)
    return tuple(servers)


def media_maker(
    servers: Sequence[IceServer], *, microphone: bool = True
) -> Callable[[], MediaPeer]:
    """Makes unused connections.

    Args:
        microphone: whether the browser must send sound; without, it only listens.
    """
    return lambda: MediaPeer(servers, microphone=microphone)


def for_browsers(servers: Sequence[IceServer]) -> list[dict[str, Any]]:
    """The same servers as pages hand them to ``RTCPeerConnection``."""
    return [_for_browser(server) for server in servers]


def _for_browser(server: IceServer) -> dict[str, Any]:
    shown: dict[str, Any] = {"urls": list(server.urls)}
    # A browser refuses an empty user name where there is nothing to sign in to.
    if server.username:
        shown |= {"username": server.username, "credential": server.credential}
    return shown

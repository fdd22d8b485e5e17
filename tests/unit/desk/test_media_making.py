"""ICE servers from the settings to our connections and to the pages."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from voiceagent.desk.media_making import (
    IceServerSetting,
    for_browsers,
    ice_servers,
    media_maker,
)
from voiceagent.domain.errors import InputError
from voiceagent.legs.webrtc_connection import IceServer

pytestmark = pytest.mark.unit

STUN = IceServerSetting.model_validate({"urls": ["stun:stun.example.org:3478"]})
TURN = IceServerSetting.model_validate(
    {"urls": ["turn:turn.example.org:3478?transport=udp"], "username": "u", "credential": "secret"}
)


def test_the_servers_of_the_settings() -> None:
    servers = ice_servers([STUN, TURN])
    assert servers == (
        IceServer(("stun:stun.example.org:3478",)),
        IceServer(("turn:turn.example.org:3478?transport=udp",), "u", "secret"),
    )
    assert for_browsers(servers) == [
        {"urls": ["stun:stun.example.org:3478"]},
        {
            "urls": ["turn:turn.example.org:3478?transport=udp"],
            "username": "u",
            "credential": "secret",
        },
    ]


def test_a_credential_is_in_no_text() -> None:
    assert "secret" not in repr(TURN)


def test_what_is_no_server() -> None:
    wrong = IceServerSetting(urls=("https://example.org",))
    with pytest.raises(InputError, match="number 2"):
        ice_servers([STUN, wrong])
    with pytest.raises(ValidationError):
        IceServerSetting(urls=())
    with pytest.raises(ValidationError):
        IceServerSetting.model_validate({"url": "stun:stun.example.org"})


async def test_connections_are_made_with_them() -> None:
    servers = ice_servers([STUN])
    make, listen = media_maker(servers), media_maker(servers, microphone=False)
    first, second, listener = make(), make(), listen()
    assert first is not second
    assert first._ice_servers == servers
    assert [each._microphone for each in (first, second, listener)] == [True, True, False]

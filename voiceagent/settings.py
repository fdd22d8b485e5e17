"""The only reader of the environment and of configuration files.

What enters: ``VOICEAGENT_*`` variables, a ``.env`` file, ``voiceagent.toml`` in the working folder
or wherever ``VOICEAGENT_CONFIG`` points. What leaves: one checked :class:`Settings`, handed down
from ``app``; no other module reads any of it. Every field says its unit and why it defaults so.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from voiceagent.desk.ice_settings import IceServerSetting
from voiceagent.domain.errors import InputError

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def _prompts() -> Path:
    """The checkout's ``prompts/`` for those who edit them, else the ones in the package."""
    own = _CHECKOUT / "prompts"
    return own if own.is_dir() else _PACKAGE / "_bundled" / "prompts"


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(
        env_prefix="VOICEAGENT_", env_file=".env", extra="ignore", populate_by_name=True
    )

    # Where things lie.
    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("voiceagent")),
        description="Event log, backlog and the sample company's records.",
    )
    weights_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("voiceagent")) / "weights",
        description="Model weights; they can be fetched again, so a cache folder.",
    )
    prompts_dir: Path = Field(default_factory=_prompts, description="Playbooks, phrases, policy.")
    fixtures_dir: Path = Field(
        default=_CHECKOUT / "audio_fixtures", description="Recorded callers and humans."
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty for a SQLite file in data_dir."
    )

    # The company.
    company: str = Field(
        default="Larkfield Broadband", description="As callers know it; spoken in the disclosure."
    )
    accounts_url: str = Field(
        default="", description="REST service with the records; empty for the sample company."
    )
    accounts_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token for accounts_url."
    )

    # The language model.
    llm_url: str = Field(
        default="", description="OpenAI-compatible base URL; empty starts the local model."
    )
    llm_model: str = Field(
        default="", description="Model name at llm_url; empty for the endpoint's only one."
    )
    llm_api_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("VOICEAGENT_LLM_API_KEY", "OPENAI_API_KEY"),
        description="Key for llm_url; never given on the command line.",
    )
    llm_constrained: bool = Field(
        default=False,
        description="Ask llm_url for schema-constrained output instead of tool calls.",
    )
    local_llm: str = Field(
        default="qwen2.5-coder-1.5b", description="Weights of the local model (see models list)."
    )
    local_llm_threads: int = Field(
        default=2, ge=1, description="Its threads; two, since that is what small machines have."
    )
    local_llm_conversations: int = Field(
        default=1, ge=1, description="Calls whose prompts it keeps read; each costs memory."
    )

    packet_llm_deadline_s: float = Field(
        default=45.0,
        gt=0,
        description="For writing one handoff packet; late ones stay as they are.",
    )

    # The supervisor.
    turn_reading_deadline_s: float = Field(
        default=0.25,
        gt=0,
        description="The classifiers read a turn within this, or it is judged without them.",
    )
    second_opinion: bool | None = Field(
        default=None,
        description="Ask the language model beside the call whether a person is needed; not set:"
        " only a model at llm_url, since the local one's opinion is worth too little.",
    )
    second_opinion_deadline_s: float = Field(
        default=4.0, gt=0, description="Later than this an opinion is of no use to the call."
    )

    # Speech.
    whisper: str = Field(default="whisper-base", description="Weights of the recogniser.")
    voice_en: str = Field(default="piper-en_US-joe-medium", description="English voice.")
    voice_de: str = Field(
        default="piper-de_DE-thorsten-medium",
        description="German voice; eSpeak NG speaks if it is not installed.",
    )
    model_workers: int = Field(
        default=2, ge=1, description="Threads for speech models, one per core they may use."
    )

    # The call.
    ring_timeout_s: float = Field(
        default=30.0, gt=0, description="A callee's phone rings so long: about six rings."
    )
    human_ring_timeout_s: float = Field(
        default=20.0, gt=0, description="A human agent's phone rings so long."
    )
    humans_rung_at_once: int = Field(
        default=1, ge=1, description="So many human agents are rung together; the first one wins."
    )
    longest_hold_s: float = Field(
        default=600.0, gt=0, description="After so long on hold a callback is booked instead."
    )
    longest_call_s: float = Field(
        default=1800.0, gt=0, description="A call is closed politely after so long."
    )

    # The service and its desk.
    host: str = Field(
        default="127.0.0.1", description="Address the service listens on; this machine only."
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Its port; 0 for any free one.")
    tls_certificate: Path | None = Field(
        default=None, description="PEM chain, to serve HTTPS without a proxy."
    )
    tls_key: Path | None = Field(default=None, description="PEM key of tls_certificate.")
    trusted_proxies: str = Field(
        default="",
        description="Addresses of proxies whose X-Forwarded-* count, by commas; * for any.",
    )
    desk_secure_cookies: bool = Field(
        default=False, description="The desk is reached by HTTPS only, also where a proxy hides it."
    )
    customer_page: bool = Field(
        default=False, description="Anybody who reaches the service may talk to the agent at /call."
    )
    customer_calls: int = Field(
        default=4, ge=1, description="So many calls from that page at once; more hear: try later."
    )
    ice_servers: list[IceServerSetting] = Field(
        default_factory=list,
        description="STUN and TURN servers for browsers behind firewalls; none on one network.",
    )
    wrap_up_s: float = Field(
        default=120.0, gt=0, description="A human's time after a call before the next is offered."
    )

    @property
    def recordings_dir(self) -> Path:
        """Calls of the service leave their files here, a folder each."""
        return self.data_dir / "calls"

    @property
    def store_url(self) -> str:
        """Where events and callbacks are kept."""
        return self.database_url or f"sqlite:///{self.data_dir / 'voiceagent.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over ``.env`` over the TOML file."""
        toml = TomlConfigSettingsSource(
            settings_cls, Path(os.environ.get("VOICEAGENT_CONFIG", "voiceagent.toml"))
        )
        return init_settings, env_settings, dotenv_settings, file_secret_settings, toml


def load_settings(**overrides: Any) -> Settings:
    """Settings from everywhere they may come from.

    Args:
        overrides: values that outrank all others; None means not given.

    Raises:
        InputError: a value does not fit; the message names the setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The setting '{name}' is wrong: {first['msg']}.",
            f"Correct VOICEAGENT_{name.upper()} or voiceagent.toml.",
        ) from error


def quiet_model_threads() -> None:
    """Keep the thread pools of native model libraries from fighting over the cores.

    OpenMP's threads spin while they wait and starve the turn detector (50 ms become 140 to 340 on
    two cores). Must run before those libraries are imported; what the user set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def without_model_hub() -> None:
    """Let no library ask a model hub in the middle of a call; what the user set stays."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")

"""The coordinator's configuration: one TOML file, `NEWLYN_*` environment variables above it, unknown keys refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from coordinator.errors import InvalidConfiguration, NotACoordinator
from coordinator.files import CoordinatorFiles
from coordinator.rounds.windows import STANDARD, Windows


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSection(_Section):
    """`[server]`: where the server listens, and its bounds. Seconds and bytes."""

    listen: str = "0.0.0.0"  # noqa: S104 - councils call in from outside
    port: int = Field(default=8443, ge=0, le=65535)
    workers: int = Field(default=4, ge=1, le=64)
    concurrent_calls: int = Field(default=512, ge=1)
    # A chunk of a report, 1 MiB, and what is around it.
    message_bytes: int = Field(default=1024 * 1024 + 64 * 1024, ge=64 * 1024)
    connection_seconds: int = Field(default=600, ge=1)
    drain_seconds: float = Field(default=10, gt=0)


class AuthoritySection(_Section):
    """`[authority]`: the folder of the enrolment authority's key. The server never opens it."""

    folder: Path = Path("authority")


class RoundsSection(_Section):
    """`[rounds]`: what the rounds of secure releases are announced with. Spans in seconds.

    `min_group` is the smallest group that is revealed, `min_percent` the least part of a group's members that must
    join; nodes refuse smaller ones than their own councils ask for. With `withholds` a group that falls short is left
    out, and its councils stay charged; without, the round is aborted and every council refunded. With `keep_vectors`
    each masked vector is kept for an auditor, who can then recompute the sums.
    """

    join_seconds: int = Field(default=STANDARD.join, ge=1)
    report_seconds: int = Field(default=STANDARD.report, ge=1)
    commit_seconds: int = Field(default=STANDARD.commit, ge=1)
    reveal_seconds: int = Field(default=STANDARD.reveal, ge=1)
    min_group: int = Field(default=8, ge=2)
    min_percent: int = Field(default=67, ge=1, le=100)
    withholds: bool = False
    keep_vectors: bool = False

    @property
    def windows(self) -> Windows:
        """The spans of a round that is announced now."""
        return Windows(self.join_seconds, self.report_seconds, self.commit_seconds, self.reveal_seconds)


class CoordinatorConfig(BaseSettings):
    """The whole of coordinator.toml. `name` stands in the server's certificate, `host` is what councils call."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="NEWLYN_", env_nested_delimiter="__", env_ignore_empty=True
    )

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "england"
    host: str
    server: ServerSection = ServerSection()
    authority: AuthoritySection = AuthoritySection()
    rounds: RoundsSection = RoundsSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the values given (read from the file)."""
        return env_settings, init_settings

    def public(self) -> dict[str, Any]:
        """The effective configuration as JSON-ready values. It holds no secret."""
        return self.model_dump(mode="json")


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}" for item in error.errors()
    )


def load_config(home: Path) -> CoordinatorConfig:
    """Reads `home`/coordinator.toml. A relative authority folder is relative to `home`.

    Raises
    ------
    NotACoordinator
        When the file is missing.
    InvalidConfiguration
        When it is not TOML, holds an unknown key, or a value is not allowed.
    """
    path = CoordinatorFiles(home).config
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotACoordinator(
            f"There is no coordinator in {home}.", f"Run `newlyn-coordinator init --dir {home} --host HOST`."
        ) from error
    except (ValueError, RecursionError, OSError) as error:
        raise InvalidConfiguration(f"{path} cannot be read as TOML: {error}.", "Correct the file.") from error
    try:
        config = CoordinatorConfig(**values)
    except ValidationError as error:
        raise InvalidConfiguration(
            f"{path} is not a valid configuration: {_problems(error)}.", "Correct these entries."
        ) from error
    folder = home.resolve() / config.authority.folder
    return config.model_copy(update={"authority": config.authority.model_copy(update={"folder": folder})})


_LOOPBACK = {"localhost", "127.0.0.1"}


def initial_config_text(host: str, name: str) -> str:
    """The text of a first coordinator.toml. A coordinator whose host is this machine listens on loopback only."""
    listen = host if host in _LOOPBACK else ServerSection().listen
    return f"""\
# Newlyn coordinator. Every entry can be overridden by an environment variable, such as NEWLYN_SERVER__PORT.
name = "{name}"
# The name or address that councils call; it stands in the server's certificate.
host = "{host}"

[server]
listen = "{listen}"
port = {ServerSection().port}

[authority]
# The enrolment authority's key. The server does not need it: move the folder to a safer place and name it here.
folder = "authority"
"""

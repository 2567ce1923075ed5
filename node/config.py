"""The node's configuration: one TOML file, `NEWLYN_*` environment variables above it, unknown keys refused.

What the file declares (council, coordinator, returns, policy) is fixed before data are opened. Secrets are not in it:
keys live in files of their own in the state folder.
"""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from node.errors import InvalidConfiguration
from node.policy import Policy
from protos.invitation import CouncilCode, Invitation

DEFAULT_CONFIG = Path("node.toml")

DeclaredFile = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?@[0-9]{4}$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CouncilSection(_Section):
    """`[council]`: who this node speaks for."""

    code: CouncilCode
    name: str


class CoordinatorSection(_Section):
    """`[coordinator]`: where to call (`host:port`), and the key that signs what it asks and publishes."""

    address: Annotated[str, Field(pattern=r"^[^\s:]+:[0-9]{1,5}$")]
    signing_key: str

    @field_validator("signing_key")
    @classmethod
    def _is_a_public_key(cls, value: str) -> str:
        if len(base64.b64decode(value, validate=True)) != 32:
            raise ValueError("must be the base64 of 32 bytes")
        return value

    @property
    def signing_key_bytes(self) -> bytes:
        """The raw Ed25519 public key."""
        return base64.b64decode(self.signing_key)


class ReturnsSection(_Section):
    """`[returns]`: the folder of returns (`<folder>/<reference year>/`), and the files the council declares it holds.

    The coordinator learns `declared` and nothing else about what is there (privacy reference 12).
    """

    folder: Path
    declared: tuple[DeclaredFile, ...] = ()


class AgentSection(_Section):
    """`[agent]`: how often the node polls, and the clock on which stored summaries leave, in seconds.

    A summary leaves only on a whole multiple of `send_every_seconds`, so that the time of sending does not tell how
    long measuring took. `ledger_wait_seconds` is how long a command waits for the service to end its poll.
    """

    poll_seconds: float = Field(default=600, gt=0)
    send_every_seconds: float = Field(default=60, gt=0)
    deadline_seconds: float = Field(default=30, gt=0)
    ledger_wait_seconds: float = Field(default=90, ge=0)


class NodeConfig(BaseSettings):
    """The whole of node.toml. `state` is the folder of keys, ledger and benchmarks."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="NEWLYN_", env_nested_delimiter="__", env_ignore_empty=True
    )

    state: Path
    council: CouncilSection
    coordinator: CoordinatorSection
    returns: ReturnsSection
    policy: Policy = Policy()
    agent: AgentSection = AgentSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic-settings passes these by name)
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


def load_config(path: Path) -> NodeConfig:
    """Reads node.toml. Relative folders are relative to the file.

    Raises
    ------
    InvalidConfiguration
        When the file is missing, is not TOML, holds an unknown key, or a value is not allowed.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidConfiguration(
            f"There is no configuration at {path}.", "Run `newlyn-node init --invite FILE`, or name one with --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidConfiguration(f"{path} cannot be read as TOML: {error}.", "Correct the file.") from error
    try:
        config = NodeConfig(**values)
    except ValidationError as error:
        raise InvalidConfiguration(
            f"{path} is not a valid configuration: {_problems(error)}.", "Correct these entries."
        ) from error
    folder = path.resolve().parent
    return config.model_copy(
        update={
            "state": folder / config.state,
            "returns": config.returns.model_copy(update={"folder": folder / config.returns.folder}),
        }
    )


def _toml_list(values: tuple[str, ...]) -> str:
    return "[\n" + "".join(f'    "{value}",\n' for value in values) + "]" if values else "[]"


def initial_config_text(invitation: Invitation, returns: Path, declared: tuple[str, ...]) -> str:
    """The text of a first node.toml: who is invited, the files as found, and a policy that asks a person."""
    name = invitation.council_name.replace("\\", "").replace('"', "")
    return f"""\
# Newlyn node of {name}. Every entry can be overridden by an environment variable, such as NEWLYN_AGENT__POLL_SECONDS.
state = "state"

[council]
code = "{invitation.council_code}"
name = "{name}"

[coordinator]
address = "{invitation.address}"
# Collections and benchmarks must be signed with this key.
signing_key = "{base64.b64encode(invitation.coordinator_signing_key).decode()}"

[returns]
folder = '{returns.as_posix()}'
# The files this council holds. This list, and nothing else about the returns, is told to the coordinator: correct it
# before the first collection if a file is missing here or should not be used.
declared = {_toml_list(declared)}

[policy]
# A person approves each release plan before anything is measured: `newlyn-node preview`, then `newlyn-node approve`.
approval = "named"

[agent]
poll_seconds = 600
send_every_seconds = 60
"""

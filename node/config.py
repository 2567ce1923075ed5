"""The node's configuration: one TOML file, `NEWLYN_*` environment variables above it, unknown keys refused.

What the file declares (council, coordinator, returns, policy) is fixed before data are opened. Secrets are not in it:
keys live in files of their own in the state folder.
"""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from node.errors import InvalidConfiguration
from node.policy import Policy
from protos.invitation import CouncilCode, Invitation

DEFAULT_CONFIG = Path("node.toml")

_Kind = TypeVar("_Kind", bound=BaseSettings)

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


class WarehouseSection(_Section):
    """`[warehouse]`: a database with the Standard Safeguarding Dataset, which stands in for returns.

    How to reach it is a secret: `url_file` names a file that holds nothing else, or NEWLYN_WAREHOUSE__URL holds it
    (`mssql+pyodbc://...`, `postgresql://...`, `spark://...`, `sc://...`). `sources` are those it stands in for; the
    others come from the folder of returns. `schema` is where its tables are, if the database has several. `in_place`:
    PostgreSQL compute where the records are (Spark always does). It keeps `years` years.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr | None = None
    url_file: Path | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    sources: tuple[Literal["ssda903", "cin_census", "feedback"], ...] = Field(
        default=("ssda903", "cin_census"), min_length=1
    )
    in_place: bool = True
    timeout_seconds: int = Field(default=600, gt=0)
    years: int = Field(default=6, ge=1, le=30)

    @model_validator(mode="after")
    def _can_be_reached_one_way(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("give url_file, or NEWLYN_WAREHOUSE__URL in the environment, and not both")
        return self

    def address(self) -> str:
        """The URL. Raises InvalidConfiguration when its file cannot be read."""
        if self.url is not None:
            return self.url.get_secret_value().strip()
        assert self.url_file is not None
        try:
            return self.url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise InvalidConfiguration(
                f"The file of the warehouse's URL, {self.url_file}, cannot be read.",
                "Put the URL into it, and let this account alone read it.",
            ) from None

    def beside(self, folder: Path) -> Self:
        """The same with `url_file` relative to a folder."""
        return self if self.url_file is None else self.model_copy(update={"url_file": folder / self.url_file})


class RoundsSection(_Section):
    """`[rounds]`: the part this node takes in secure aggregation, none without `authority_key`.

    `authority_key` is the base64 of the enrolment authority's public key for epochs, as it came with the invitation.
    A report leaves at the first poll after a delay drawn between the two of `report_delay_seconds` before anything is
    measured, so that its time does not tell how long measuring took. `min_percent` is the least part of a group's
    members that must take part; the smallest group is `[policy] minimum_councils`. `small_committee` lets fewer than
    ten councils guard a round: for demonstrations, unsafe.
    """

    authority_key: str | None = None
    report_delay_seconds: tuple[float, float] = (300, 900)
    min_percent: int = Field(default=67, ge=1, le=100)
    small_committee: bool = False

    @field_validator("authority_key")
    @classmethod
    def _is_a_public_key(cls, value: str | None) -> str | None:
        if value is not None and len(base64.b64decode(value, validate=True)) != 32:
            raise ValueError("must be the base64 of 32 bytes")
        return value

    @field_validator("report_delay_seconds")
    @classmethod
    def _is_a_span(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= value[0] <= value[1]:
            raise ValueError("must be two numbers of seconds, the shorter first")
        return value

    @property
    def authority_key_bytes(self) -> bytes | None:
        """The raw Ed25519 public key."""
        return base64.b64decode(self.authority_key) if self.authority_key is not None else None


class AgentSection(_Section):
    """`[agent]`: how often the node polls, and the clock on which stored summaries leave, in seconds.

    A summary leaves only on a whole multiple of `send_every_seconds`, the first that is at least so long after the poll
    began: the time of sending does not tell how long measuring took, unless that was longer. `ledger_wait_seconds` is
    how long a command waits for the service to end its poll.
    """

    poll_seconds: float = Field(default=600, gt=0)
    send_every_seconds: float = Field(default=60, gt=0)
    deadline_seconds: float = Field(default=30, gt=0)
    ledger_wait_seconds: float = Field(default=90, ge=0)


class _Settings(BaseSettings):
    """Values read from a file, and the environment above them."""

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


class NodeConfig(_Settings):
    """The whole of node.toml. `state` is the folder of keys, ledger and benchmarks."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="NEWLYN_", env_nested_delimiter="__", env_ignore_empty=True
    )

    state: Path
    council: CouncilSection
    coordinator: CoordinatorSection
    returns: ReturnsSection
    warehouse: WarehouseSection | None = None
    policy: Policy = Policy()
    agent: AgentSection = AgentSection()
    rounds: RoundsSection = RoundsSection()

    def public(self) -> dict[str, Any]:
        """The effective configuration as JSON-ready values, without the one secret, the warehouse's URL."""
        return self.model_dump(mode="json", by_alias=True, exclude={"warehouse": {"url"}})


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
    config = _checked(NodeConfig, path, _read(path, "Run `newlyn-node init --invite FILE`, or name one with --config."))
    folder = path.resolve().parent
    return config.model_copy(
        update={
            "state": folder / config.state,
            "returns": config.returns.model_copy(update={"folder": folder / config.returns.folder}),
            "warehouse": config.warehouse.beside(folder) if config.warehouse else None,
        }
    )


class _WarehouseFile(_Settings):
    """A file of which only `[warehouse]` is read, and the environment above it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_prefix="NEWLYN_", env_nested_delimiter="__", env_ignore_empty=True
    )

    warehouse: WarehouseSection


def load_warehouse(path: Path) -> WarehouseSection:
    """Reads `[warehouse]` of a TOML file, such as node.toml; nothing else need stand in it. Raises as `load_config`."""
    config = _checked(_WarehouseFile, path, _read(path, "Write one with a section [warehouse]."))
    return config.warehouse.beside(path.resolve().parent)


def _read(path: Path, without_it: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidConfiguration(f"There is no configuration at {path}.", without_it) from error
    except (ValueError, RecursionError, OSError) as error:
        raise InvalidConfiguration(f"{path} cannot be read as TOML: {error}.", "Correct the file.") from error


def _checked(kind: type[_Kind], path: Path, values: dict[str, Any]) -> _Kind:
    try:
        return kind(**values)
    except ValidationError as error:
        raise InvalidConfiguration(
            f"{path} is not a valid configuration: {_problems(error)}.", "Correct these entries."
        ) from None


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

[rounds]
# Secure aggregation counts only the keys that this key certifies: the enrolment authority's, from the invitation.
authority_key = "{base64.b64encode(invitation.epoch_authority_key).decode()}"
# A report of a round leaves at the first poll after a delay that is drawn before measuring begins.
report_delay_seconds = [300, 900]
"""

"""Small files of the state folder, each written whole: a pydantic model as JSON, bytes in base64."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, PlainSerializer, ValidationError

from node.errors import LedgerDamaged
from node.identity import write_private

Content = TypeVar("Content", bound=BaseModel)


def _from_base64(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


def _to_base64(value: bytes) -> str:
    return b64encode(value).decode()


Base64 = Annotated[bytes, BeforeValidator(_from_base64), PlainSerializer(_to_base64)]


def load(path: Path, kind: type[Content]) -> Content:
    """What the file holds, or an empty `kind` where there is no file. Raises LedgerDamaged for anything else."""
    if not path.exists():
        return kind()
    try:
        return kind.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise LedgerDamaged(
            f"{path.name} in the state folder cannot be read.",
            "Restore the whole state folder from one backup, or enrol again with a new invitation.",
        ) from error


def save(path: Path, content: BaseModel) -> None:
    """Writes it, owner-only, whole or not at all. Raises StorageFailed."""
    write_private(path, content.model_dump_json().encode())

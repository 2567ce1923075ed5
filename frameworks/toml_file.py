"""A TOML file of a framework: read, turned into a model, and searched for the place of a definition."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from frameworks.errors import InvalidFramework
from frameworks.model import Model
from frameworks.refusals import Place

_Read = TypeVar("_Read", bound=Model)


@dataclass(frozen=True)
class TomlFile:
    """A file as it was read: its name, and its text with LF line ends."""

    name: str
    text: str

    @classmethod
    def read(cls, path: Path) -> TomlFile:
        """Reads a file. Raises InvalidFramework when it cannot be read as text in UTF-8."""
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidFramework(
                f"{path.name} cannot be read as text in UTF-8.", "Check that it is there and how it was saved."
            ) from error
        return cls(path.name, text.replace("\r\n", "\n"))

    def parsed(self, model: type[_Read]) -> _Read:
        """The file's contents as a model. Raises InvalidFramework, naming the file and the key."""
        try:
            raw = tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise InvalidFramework(f"{self.name} is not TOML: {error}.", "Correct it at that place.") from error
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidFramework(
                f"{self.name}: {_key(raw, first['loc'])}: {first['msg']}.", "frameworks/README.md lists the keys."
            ) from error

    def invalid(self, key: str, problem: str, next_step: str) -> InvalidFramework:
        """The error for a key whose value does not fit the others."""
        return InvalidFramework(f"{self.name}: {key}: {problem}.", next_step)

    def place(self, key: str, identifier: str, sql: str) -> Place:
        """Where a text of SQL stands: after `id = "<identifier>"`. Its first line and column are 1 if it is escaped."""
        head = re.search(rf"^id *= *[\"']{identifier}[\"']", self.text, re.MULTILINE)
        start = self.text.find(sql, head.end() if head else 0)
        if start < 0:
            return Place(self.name, f"{key}.{identifier}")
        line_start = self.text.rfind("\n", 0, start) + 1
        return Place(self.name, f"{key}.{identifier}", self.text.count("\n", 0, start) + 1, start - line_start + 1)


def digest(files: Iterable[TomlFile]) -> str:
    """SHA-256 over each file's name, length in bytes and contents, in hex."""
    hashed = hashlib.sha256()
    for file in files:
        content = file.text.encode()
        hashed.update(f"{file.name}\n{len(content)}\n".encode())
        hashed.update(content)
    return hashed.hexdigest()


def _key(raw: object, steps: tuple[int | str, ...]) -> str:
    """The key that a validation error is about, the entries of lists by their id: `indicators.referrals.unit`."""
    parts: list[str] = []
    here = raw
    for step in steps:
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
            parts.append(str(here.get("id", step + 1) if isinstance(here, dict) else step + 1))
        else:
            here = here.get(step) if isinstance(here, dict) else None
            parts.append(str(step))
    return ".".join(parts) or "the file"

"""What every command of the operator shares: errors as text and exit code, and text or JSON on the screen."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.console import Console

from coordinator.config import load_config
from coordinator.errors import CoordinatorError
from coordinator.files import CoordinatorFiles
from coordinator.store.database import Store, open_store

Command = TypeVar("Command", bound=Callable[..., Any])


def reporting(command: Command) -> Command:
    """Turns the coordinator's errors into their text and exit code."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except CoordinatorError as error:
            click.echo(f"{error.problem}\n{error.next_step}", err=True)
            sys.exit(error.exit_code)

    return cast(Command, wrapped)


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def opened_store(home: Path) -> closing[Store]:
    """The coordinator's store, once its configuration was read."""
    load_config(home)
    return closing(open_store(CoordinatorFiles(home).database))


def show(output_format: str, value: Any, text: Callable[[Console], None]) -> None:
    """Prints a result: `value` as JSON, or what `text` prints to a terminal."""
    if output_format == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        text(Console(highlight=False, width=None if sys.stdout.isatty() else 120))


def said(output_format: str, value: Any, sentence: str) -> None:
    """Prints a result: `value` as JSON, or a sentence."""
    show(output_format, value, lambda console: console.print(sentence, markup=False, soft_wrap=True))


format_option = click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
home_option = click.option(
    "--dir",
    "home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("coordinator-data"),
    show_default=True,
    envvar="NEWLYN_DIR",
    help="The coordinator's folder.",
)

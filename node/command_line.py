"""What the commands of newlyn-node share: their options, how they show a result, and how they end on an error."""

from __future__ import annotations

import functools
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.console import Console

from frameworks.catalogue import load_framework
from frameworks.errors import FrameworkError
from frameworks.model import Framework
from node.config import DEFAULT_CONFIG
from node.errors import NodeError, UsageProblem

Command = TypeVar("Command", bound=Callable[..., Any])


def _place(error: BaseException) -> str:
    """Where a fault arose, as `file.py:line`. Never its text, which may quote a record."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def reporting(command: Command) -> Command:
    """Turns the node's errors into their text and exit code, and a fault of our own into its class and place."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except NodeError as error:
            click.echo(f"{error.problem}\n{error.next_step}", err=True)
            sys.exit(error.exit_code)
        except (click.exceptions.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            click.echo(
                f"A fault in newlyn-node itself ({type(error).__name__} at {_place(error)}).\n"
                "Nothing was lost. Report this line; it holds nothing of any record.",
                err=True,
            )
            sys.exit(1)

    return cast(Command, wrapped)


def show(output_format: str, value: Any, text: Callable[[Console], None]) -> None:
    """Prints a result: `value` as JSON, or what `text` prints to a terminal."""
    if output_format == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        text(Console(highlight=False, width=None if sys.stdout.isatty() else 120))


def said(output_format: str, value: Any, sentences: str) -> None:
    """Prints a result: `value` as JSON, or sentences."""
    show(output_format, value, lambda console: console.print(sentences, markup=False, soft_wrap=True))


def framework_of(framework_id: str) -> Framework:
    """The installed framework of that id. Raises UsageProblem where there is none."""
    try:
        return load_framework(framework_id)
    except FrameworkError as error:
        raise UsageProblem(error.problem, error.next_step) from error


format_option = click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_CONFIG,
    show_default=True,
    envvar="NEWLYN_CONFIG",
    help="The node's configuration.",
)
returns_option = click.option(
    "--returns",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="Folder of returns: one folder a year, any file names.",
)
returns_or_warehouse_option = click.option(
    "--returns",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of returns: one folder a year, any file names.",
)
warehouse_option = click.option(
    "--warehouse",
    "warehouse_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file with a section [warehouse], such as node.toml: that database stands in for returns.",
)
framework_option = click.option("--framework", "framework_id", default="outcomes-2019", show_default=True)

"""The CSV templates that ship with the node, for what no statutory return holds."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from node.errors import UsageProblem


def write_templates(out: Path) -> tuple[Path, ...]:
    """Writes every template and their README to a folder, and gives the paths written, in order.

    Raises UsageProblem rather than replace a file that is there already: it may have been filled in.
    """
    shipped = sorted((file for file in files("node").joinpath("templates").iterdir()), key=lambda file: file.name)
    targets = {out / file.name: file.read_bytes() for file in shipped if file.name.endswith((".csv", ".md"))}
    taken = next((path for path in targets if path.exists()), None)
    if taken is not None:
        raise UsageProblem(f"{taken} is there already.", "Name a new folder: a template is never written over.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, content in targets.items():
            path.write_bytes(content)
    except OSError as error:
        raise UsageProblem(f"{out} cannot be written to.", "Name a folder you may write to.") from error
    return tuple(targets)

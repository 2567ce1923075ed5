"""Pages for the council's own machine: one file each, which links to nothing, loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def local_page(template: str, filters: Mapping[str, Callable[..., Any]] | None = None, /, **values: Any) -> str:
    """The HTML of a template of `node/pages` with `values`; everything in it is escaped."""
    environment = Environment(
        loader=PackageLoader("node", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= dict(filters or {})
    return environment.get_template(template).render(**values)

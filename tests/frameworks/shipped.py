"""Every indicator of every framework that is shipped, as one framework."""

from __future__ import annotations

from functools import cache
from typing import Any

from frameworks.catalogue import installed_frameworks, load_framework
from frameworks.model import Framework


@cache
def everything_shipped() -> Framework:
    """The views, cohorts and indicators of all frameworks, each once; nothing else of it means anything."""
    frameworks = [load_framework(framework_id) for framework_id in installed_frameworks()]
    merged: dict[str, dict[str, Any]] = {"views": {}, "cohorts": {}, "indicators": {}}
    for framework in frameworks:
        for kind, found in merged.items():
            found.update({one.id: one for one in getattr(framework, kind)})
    return frameworks[0].model_copy(update={kind: tuple(found.values()) for kind, found in merged.items()})

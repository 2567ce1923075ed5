"""`python -m frameworks` checks every framework that is installed, and says what is wrong with which file."""

from __future__ import annotations

import sys

from frameworks.catalogue import installed_frameworks, load_framework
from frameworks.errors import FrameworkError


def main() -> int:
    """Prints one line for each framework, or the first refusal. Exit code 0 or 1."""
    for framework_id in installed_frameworks():
        try:
            framework = load_framework(framework_id)
        except FrameworkError as error:
            print(f"{framework_id}: {error}", file=sys.stderr)
            return 1
        print(f"{framework_id} {framework.version}: {len(framework.indicators)} indicators, {framework.digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Compares the golden files with the slow model, or writes them anew."""

from __future__ import annotations

import sys

from tests.protocol.golden import main

sys.exit(main(sys.argv[1:]))

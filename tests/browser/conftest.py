"""A tab of a running Chromium. Where it is not installed the tests are left out and say so; under CI=true they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.browser.chromium import EXECUTABLE, Page, running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab of a running chromium."""
    if EXECUTABLE is None:
        missing = "chromium is not installed: pages were not opened in a browser"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with running(tmp_path_factory.mktemp("profile")) as browser:
        yield browser.new_page()

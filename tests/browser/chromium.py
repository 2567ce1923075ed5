"""Drives Debian's chromium over its debugging pipe: no driver, no port, no package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = 60


class BrowserFailed(Exception):
    """The browser refused a command, or did not answer in time."""


@dataclass
class Page:
    """One tab. `requests` are the addresses it asked for, `console` what it complained about."""

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def open(self, address: str, *, width: int, height: int = 900) -> None:
        """Loads an address in a window of that size and waits until it has loaded."""
        self.requests.clear()
        self.console.clear()
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._send("Emulation.setDeviceMetricsOverride", metrics)
        self.browser.loaded.discard(self.session)
        self._send("Page.navigate", {"url": address})
        self.browser.pump_until(lambda: self.session in self.browser.loaded)

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; promises are awaited. The page's own policy does not apply."""
        arguments = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._send("Runtime.evaluate", arguments)
        if "exceptionDetails" in answer:
            raise BrowserFailed(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def _send(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self.browser.send(method, parameters, self.session)


class Browser:
    """A running chromium."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._last_id = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}
        self.loaded: set[str] = set()

    def new_page(self) -> Page:
        """Opens a tab that records requests and complaints."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.send(f"{domain}.enable", {}, session)
        return page

    def send(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """Sends a command and returns its result. Raises BrowserFailed where the browser refuses it."""
        self._last_id += 1
        own = self._last_id
        message = {"id": own, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        self.pump_until(lambda: own in self._answers)
        answer = self._answers.pop(own)
        if "error" in answer:
            raise BrowserFailed(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def pump_until(self, done: Any) -> None:
        """Reads what the browser says until `done()`."""
        deadline = time.monotonic() + SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise BrowserFailed("the browser did not answer in time")
            chunk = os.read(self._from, 1 << 16)
            if not chunk:
                raise BrowserFailed("the browser has gone")
            *messages, self._buffer = (self._buffer + chunk).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        page = self._pages.get(message.get("sessionId", ""))
        if page is None:
            return
        parameters = message["params"]
        if message["method"] == "Network.requestWillBeSent":
            page.requests.append(parameters["request"]["url"])
        elif message["method"] == "Log.entryAdded":
            page.console.append(parameters["entry"]["text"])
        elif message["method"] == "Page.loadEventFired":
            self.loaded.add(page.session)


@contextmanager
def running(profile: Path) -> Iterator[Browser]:
    """Starts chromium with a profile folder of its own, and ends it."""
    assert EXECUTABLE is not None
    browser_reads, we_write = os.pipe()
    we_read, browser_writes = os.pipe()
    # Chromium reads its commands on descriptor 3 and answers on 4.
    command = (
        *("bash", "-c", f'exec "$@" 3<&{browser_reads} 4>&{browser_writes}', "chromium", EXECUTABLE),
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"),
    )
    process = subprocess.Popen(
        command, pass_fds=(browser_reads, browser_writes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(browser_reads)
    os.close(browser_writes)
    try:
        yield Browser(we_write, we_read)
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)
        os.close(we_write)
        os.close(we_read)

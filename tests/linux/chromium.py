"""A headless browser, controlled by the DevTools protocol over two pipes."""

import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import pytest

PROGRAM = "chromium-headless-shell"
REPLY_S = 300  # only ends a test whose browser hangs


class AnotherPage(Exception):
    """The page or frame of the command is gone."""


class Chromium:
    """One page. `complaints` are the messages of the browser's console."""

    def __init__(self):
        if not shutil.which(PROGRAM):
            pytest.skip(f"no {PROGRAM}")
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()
        # the protocol uses descriptors 3 and 4, which may be in use here
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_write)]
        self.program = subprocess.Popen(
            [PROGRAM, "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            preexec_fn=lambda: [os.dup2(end, place) for place, end in enumerate(ends, 3)], pass_fds=(3, 4),
            stderr=subprocess.DEVNULL)
        for end in (to_read, to_write, *ends):
            os.close(end)
        self.number, self.unread, self.events, self.session = 0, b"", [], None
        page = next(target for target in self.ask("Target.getTargets")["targetInfos"] if target["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def _next(self, deadline):
        while b"\0" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.from_browser], [], [], left)[0]:
                raise TimeoutError("the browser says nothing")
            more = os.read(self.from_browser, 1 << 20)
            assert more, "the browser has ended"
            self.unread += more
        message, _, self.unread = self.unread.partition(b"\0")
        return json.loads(message)

    def ask(self, method, **params):
        """Result of one command."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + REPLY_S
        while True:
            said = self._next(deadline)
            if said.get("id") == self.number:
                if "navigated" in said.get("error", {}).get("message", ""):
                    raise AnotherPage(said["error"]["message"])
                assert "error" not in said, said["error"]
                return said["result"]
            self.events.append(said)

    def look_like(self, width, height, scheme, is_phone=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=is_phone)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        """Loads the page completely."""
        self.events.clear()
        assert "errorText" not in self.ask("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def wait_for(self, method, matches=lambda params: True):
        """The value of an event that has come since the page began to load, or comes now."""
        deadline = time.monotonic() + REPLY_S
        while True:
            for event in self.events:
                if event["method"] == method and matches(event["params"]):
                    return event["params"]
            self.events.append(self._next(deadline))

    def choose(self, selector, paths):
        """Sets the files of a form's input, as a user chooses them."""
        found = self.ask("Runtime.evaluate", expression=f"document.querySelector({selector!r})")["result"]
        self.ask("DOM.setFileInputFiles", objectId=found["objectId"], files=[str(path) for path in paths])

    def downloads_to(self, folder):
        """Stores downloads under their `guid`; the events Browser.downloadWillBegin and downloadProgress report
        them."""
        self.ask("Browser.setDownloadBehavior", behavior="allowAndName", downloadPath=str(folder), eventsEnabled=True)

    def value(self, expression):
        """The value of a line of JavaScript; it runs outside the page's own restrictions. None: another page was
        loaded meanwhile."""
        with contextlib.suppress(AnotherPage):
            return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")
        return None

    @property
    def complaints(self):
        return [event["params"]["entry"]["text"] for event in self.events if event["method"] == "Log.entryAdded"]

    def stop(self):
        self.session = None
        self.ask("Browser.close")
        try:
            self.program.wait(10)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.folder.cleanup()

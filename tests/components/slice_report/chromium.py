"""A headless Chromium that opens a page and tells what happens in it (DevTools protocol)."""

import base64
import contextlib
import json
import shutil
import subprocess
import time
import urllib.request

import websocket

EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
_START_SECONDS = 60
_QUIET = ("Page", "Runtime", "Log", "Network")


class Browser:
    """One tab. `problems` and `requests` are those since the page was opened."""

    def __init__(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            tab = next(one for one in json.load(answer) if one["type"] == "page")
        self._socket = websocket.create_connection(
            tab["webSocketDebuggerUrl"], suppress_origin=True, timeout=_START_SECONDS
        )
        self._count = 0
        self._events = []
        for domain in _QUIET:
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self._events.append(answer)

    def open(self, path, width=1280, height=900):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._events.clear()
        self.call("Page.navigate", url=path.as_uri())
        end = time.monotonic() + _START_SECONDS
        while self.evaluate("document.readyState") != "complete" or not self._named("Page.load"):
            assert time.monotonic() < end, "the page did not load"

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    def screenshot(self, path, whole=False):
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    @property
    def problems(self):
        return [
            *self._named("Runtime.exceptionThrown"),
            *self._named("Runtime.consoleAPICalled"),
            *self._named("Log.entryAdded"),
        ]

    @property
    def requests(self):
        return [
            event["params"]["request"]["url"] for event in self._named("Network.requestWillBeSent")
        ]

    def _named(self, start):
        return [event for event in self._events if event.get("method", "").startswith(start)]


@contextlib.contextmanager
def chromium(profile):
    """Starts a browser with an empty profile and ends it."""
    command = [
        EXECUTABLE,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "about:blank",
    ]
    with (profile.parent / "chromium.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield Browser(_port(profile / "DevToolsActivePort", process))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _port(file, process):
    end = time.monotonic() + _START_SECONDS
    while not file.exists() or not file.read_text():
        assert process.poll() is None, "Chromium ended at once"
        assert time.monotonic() < end, "Chromium did not start"
        time.sleep(0.05)
    return int(file.read_text().splitlines()[0])

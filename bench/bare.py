"""Chromium driven over its debugging pipe, with nobody listening to its network.

Whoever listens (as Playwright always does) makes the page's process keep the bodies of all answers: hundreds of megabytes that no
reader's browser has. So memory is measured here.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_PIPES: Final = (3, 4)  # the descriptors from which Chromium reads commands and to which it writes answers


class BarePage:
    """One page; `evaluate` waits for promises and gives plain values."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int) -> None:
        self._process = process
        self._commands, self._answers = commands, answers
        self._held = b""
        self._last = 0
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

    def run_first(self, script: str) -> None:
        """Runs `script` in every document before its own."""
        self._call("Page.enable", {}, self._session)
        self._call("Page.addScriptToEvaluateOnNewDocument", {"source": script}, self._session)

    def goto(self, url: str) -> None:
        self._call("Page.navigate", {"url": url}, self._session)
        self.until(f"location.href !== 'about:blank' && document.readyState === 'complete' && {json.dumps(url)}", 60)

    def evaluate(self, expression: str) -> Any:
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        found = self._call("Runtime.evaluate", asked, self._session)
        if "exceptionDetails" in found:
            raise RuntimeError(f"The page threw: {found['exceptionDetails'].get('text')}")
        return found["result"].get("value")

    def until(self, expression: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s: {expression}")
            time.sleep(0.1)

    def renderers(self) -> list[int]:
        """The process numbers of all pages."""
        found = self._call("SystemInfo.getProcessInfo", {})["processInfo"]
        return [int(one["id"]) for one in found if one["type"] == "renderer"]

    def _call(self, method: str, params: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._last += 1
        command = {"id": self._last, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            more = os.read(self._answers, 1 << 16)
            if not more:
                raise RuntimeError("Chromium has ended.")
            self._held += more
        line, _, self._held = self._held.partition(b"\0")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def bare_page(program: Path, flags: Sequence[str], width: int, height: int) -> Iterator[BarePage]:
    """A new browser without a past, with one page."""
    theirs_in, commands = os.pipe()
    answers, theirs_out = os.pipe()

    def place() -> None:
        beyond = [fcntl.fcntl(pipe, fcntl.F_DUPFD, max(_PIPES) + 1) for pipe in (theirs_in, theirs_out)]
        for have, want in zip(beyond, _PIPES, strict=True):
            os.dup2(have, want)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # its processes end a little later
        own = ["--headless", "--remote-debugging-pipe", f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        command = [str(program), *flags, *own, "about:blank"]
        process = subprocess.Popen(command, preexec_fn=place, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield BarePage(process, commands, answers)
        finally:
            process.terminate()
            process.wait()
            os.close(commands)
            os.close(answers)

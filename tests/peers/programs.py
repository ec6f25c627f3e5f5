"""Running a program of somebody else to its end, and what it said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.services import SYSTEM_FOLDERS

HOST = "127.0.0.1"
SECONDS = 60.0


@dataclass(frozen=True)
class Said:
    """How a program ended, and its words on both channels."""

    code: int
    text: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    def count(self, words: str) -> int:
        return self.text.count(words)

    def all(self, pattern: str) -> list[str]:
        """What the group of `pattern` matched, line by line."""
        return re.findall(pattern, self.text, re.MULTILINE)


def run(
    program: str | Path,
    *arguments: str | Path | int,
    given: str = "",
    more: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Said:
    """Runs `program` with `given` on its standard input; `more` is added to its environment."""
    environment = _plain_environment() | dict(more or {})
    done = subprocess.run(
        [str(program), *map(str, arguments)],
        input=given.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        timeout=SECONDS,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode("utf-8", "replace"))


def _plain_environment() -> dict[str, str]:
    """Ours without what would turn a program of the system to our virtual environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    own = str(Path(sys.prefix, "bin"))
    path = [part for part in kept.get("PATH", "").split(os.pathsep) if part and part != own]
    return kept | {"PATH": os.pathsep.join([*path, *SYSTEM_FOLDERS])}

"""Builds the viewer into the package: a hook for hatchling, and a program (`python hatch_build.py`) for the Makefile.

`npm ci` runs when `viewer/package-lock.json` changed, `npm run build` when any source under `viewer/` changed; both are
remembered by digests, so a second build is a matter of milliseconds. The bundle stands in `node/web/viewer` (git-ignored)
and travels in the wheel and in the sdist; what is built from an sdist uses the bundle in it and needs no Node.js.
`LIENTUYEN_SKIP_VIEWER=1` leaves all of this out: the node then serves its API without pages.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)
NOT_SOURCES = {"node_modules", "dist", "coverage"}
BUNDLE_DIGEST = ".sources-sha256"  # in the bundle: what it was built from
INSTALLED_DIGEST = ".lock-sha256"  # in node_modules: the lock file that it was installed from


class ViewerError(Exception):
    """The viewer cannot be built; the message says what to do."""


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every build: wheel, sdist and editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            build_viewer(Path(self.root), self.app.display_info)
        except ViewerError as error:
            self.app.abort(str(error))


def build_viewer(root: Path, say: Any = print) -> None:
    """Brings `node/web/viewer` up to date with `viewer/`. Raises `ViewerError`."""
    viewer, bundle = root / "viewer", root / "node" / "web" / "viewer"
    if os.environ.get("LIENTUYEN_SKIP_VIEWER") == "1":
        say("LIENTUYEN_SKIP_VIEWER=1: the viewer is not built.")
        return
    built = (bundle / "index.html").is_file()
    if built and (root / "PKG-INFO").is_file():
        return  # an unpacked sdist brings its bundle
    if not (viewer / "package.json").is_file():
        say("viewer/package.json is not there: no viewer is built.")
        return
    wanted = digest_of_sources(viewer)
    if built and _read(bundle / BUNDLE_DIGEST) == wanted:
        return
    _check_node()
    _install(viewer, say)
    say("Building the viewer (npm run build)")
    shutil.rmtree(viewer / "dist", ignore_errors=True)
    _npm(viewer, "run", "build")
    _adopt(viewer / "dist", bundle, wanted)


def digest_of_sources(viewer: Path) -> str:
    """SHA-256 over the names and the bytes of all that the bundle is made from; tests do not count."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(viewer):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES and not name.startswith("."))
        for name in sorted(files):
            if ".test." in name or name.endswith((".tsbuildinfo", ".md")) or name.startswith("."):
                continue
            file = Path(folder, name)
            digest.update(f"{file.relative_to(viewer).as_posix()}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _check_node() -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise ViewerError(
                f"Building the viewer needs Node.js {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer with npm; '{program}' was "
                "not found. Install it (Debian 13, Ubuntu 25.04 and later: sudo apt-get install npm), or set "
                "LIENTUYEN_SKIP_VIEWER=1 for a node without pages."
            )
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    found = tuple(int(part) for part in re.findall(r"\d+", answer)[:2])
    if found < OLDEST_NODE:
        raise ViewerError(
            f"Building the viewer needs Node.js {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer; this one is {answer.strip()}. "
            "Put a newer one first in PATH, or set LIENTUYEN_SKIP_VIEWER=1 for a node without pages."
        )


def _install(viewer: Path, say: Any) -> None:
    lock = viewer / "package-lock.json"
    if not lock.is_file():
        raise ViewerError("viewer/package-lock.json is missing: take it from the repository, it says what to install.")
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = viewer / "node_modules" / INSTALLED_DIGEST
    if _read(stamp) == wanted:
        return
    say("Installing what the viewer is built with (npm ci)")
    _npm(viewer, "ci", "--no-audit", "--no-fund")
    stamp.write_text(wanted, encoding="ascii")


def _npm(viewer: Path, *arguments: str) -> None:
    done = subprocess.run(["npm", *arguments], cwd=viewer, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        raise ViewerError(
            f"'npm {' '.join(arguments)}' failed in viewer/ (exit {done.returncode}); its words stand above. "
            "Without a network, point npm to a mirror and try again."
        )


def _adopt(dist: Path, bundle: Path, digest: str) -> None:
    """Puts the fresh build in the place of the old one; a build straight into the place is as good."""
    if (dist / "index.html").is_file():
        shutil.rmtree(bundle, ignore_errors=True)
        bundle.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(dist, bundle)
    if not (bundle / "index.html").is_file():
        raise ViewerError(f"The viewer's build left no index.html in {dist.name}/; see its words above.")
    (bundle / BUNDLE_DIGEST).write_text(digest, encoding="ascii")


def _read(file: Path) -> str:
    return file.read_text(encoding="ascii").strip() if file.is_file() else ""


if __name__ == "__main__":
    try:
        build_viewer(Path(__file__).resolve().parent)
    except ViewerError as problem:
        sys.exit(f"\n{problem}")

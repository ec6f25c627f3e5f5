"""Builds the viewer into the package: a hook for hatchling, and a program for the Makefile.

`python hatch_build.py` builds, `python hatch_build.py test` runs that script of `viewer/package.json`. `npm ci` runs
when `viewer/package-lock.json` changed, `npm run build` when any source under `viewer/` changed; digests remember both,
so a second build is a matter of milliseconds. The bundle stands in `node/web/viewer` (git-ignored) and travels in the
wheel and in the sdist; what is built from an sdist uses the bundle in it and needs no Node.js. Where the system's
Node.js is too old (Debian 12, Ubuntu 24.04), npm brings the one of `scripts/node/package-lock.json`, for this only.
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
    environment = _install(root, say)
    say("Building the viewer (npm run build)")
    shutil.rmtree(viewer / "dist", ignore_errors=True)
    _npm(viewer, environment, "run", "build")
    _adopt(viewer / "dist", bundle, wanted)


def run_script(root: Path, script: str, say: Any = print) -> None:
    """Runs a script of `viewer/package.json` with what it needs installed. Raises `ViewerError`."""
    if not (root / "viewer" / "package.json").is_file():
        say(f"viewer/package.json is not there: 'npm run {script}' is left out.")
        return
    _npm(root / "viewer", _install(root, say), "run", script)


def run_node(root: Path, folder: Path, script: str, given: str, say: Any = print) -> str:
    """What a script of `folder`, with its packages installed, answers to `given`. Raises `ViewerError`."""
    environment = _environment_with_node(root, say)
    _clean_install(folder, environment, f"Installing what {folder.name}/{script} needs (npm ci)", say)
    command = ["node", script]
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, input=given, stdout=subprocess.PIPE, encoding="utf-8"
    )
    if done.returncode != 0:
        raise ViewerError(f"'node {script}' failed in {folder.name}/ (exit {done.returncode}); its words stand above.")
    return done.stdout


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


def _install(root: Path, say: Any) -> dict[str, str]:
    """Installs the viewer's packages when their lock changed. Returns the environment to run npm in."""
    environment = _environment_with_node(root, say)
    _clean_install(root / "viewer", environment, "Installing what the viewer is built with (npm ci)", say)
    return environment


def _environment_with_node(root: Path, say: Any) -> dict[str, str]:
    """The environment, its PATH beginning with a new enough Node.js."""
    oldest = ".".join(map(str, OLDEST_NODE))
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise ViewerError(
                f"Building the viewer needs Node.js with npm; '{program}' was not found. Install it (on Debian or "
                "Ubuntu: sudo apt-get install npm), or set LIENTUYEN_SKIP_VIEWER=1 for a node without pages."
            )
    environment = dict(os.environ)
    found = _node_version("node")
    if found >= OLDEST_NODE:
        return environment
    runtime = root / "scripts" / "node"
    _clean_install(
        runtime, environment, f"Node.js {found[0]} is too old, {oldest} is needed: npm brings a newer one", say
    )
    for newer in sorted(runtime.glob("node_modules/node-linux-*/bin/node")):
        if _node_version(str(newer)) >= OLDEST_NODE:
            environment["PATH"] = f"{newer.parent}{os.pathsep}{environment['PATH']}"
            return environment
    raise ViewerError(
        f"Building the viewer needs Node.js {oldest} or newer; this one is {found[0]}.{found[1]}. "
        "Put a newer one first in PATH, or set LIENTUYEN_SKIP_VIEWER=1 for a node without pages."
    )


def _node_version(program: str) -> tuple[int, ...]:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", answer)[:2]) or (0, 0)


def _clean_install(folder: Path, environment: dict[str, str], words: str, say: Any) -> None:
    lock = folder / "package-lock.json"
    if not lock.is_file():
        raise ViewerError(f"{folder.name}/package-lock.json is missing: take it from the repository.")
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / "node_modules" / INSTALLED_DIGEST
    if _read(stamp) == wanted:
        return
    say(words)
    _npm(folder, environment, "ci", "--no-audit", "--no-fund")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted, encoding="ascii")


def _npm(folder: Path, environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(["npm", *arguments], cwd=folder, env=environment, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        network = " Without a network, point npm to a mirror and try again." if arguments[0] == "ci" else ""
        raise ViewerError(
            f"'npm {' '.join(arguments)}' failed in {folder.name}/ (exit {done.returncode}); "
            f"its words stand above.{network}"
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
    here = Path(__file__).resolve().parent
    try:
        for name in sys.argv[1:]:
            run_script(here, name)
        if not sys.argv[1:]:
            build_viewer(here)
    except ViewerError as problem:
        sys.exit(f"\n{problem}")

"""Rules that every source file keeps."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules
from tests.conftest import LONG

LONGEST = 400  # lines of a module; tables may be longer
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "core", "manager", "managers", "misc"}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "__import__", "breakpoint"}
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FORBIDDEN_CALLS = {"os.system", "os.popen", "tempfile.mktemp", "yaml.load", "yaml.unsafe_load"}
FOREIGN_TIME = {"datetime.now", "datetime.utcnow", "datetime.datetime.now", "date.today", "datetime.date.today"}
CLOCKS = re.compile(r"node/(assembly\.py|cli\.py|demo/.*)")  # where the real clock is made, or a program begins
REGISTRATIONS = {"app.add_typer"}  # calls that only put a table together

each_module = pytest.mark.parametrize("file", modules(), ids=lambda file: file.relative_to(ROOT).as_posix())


@each_module
def test_a_module_runs_nothing_that_comes_from_outside(file: Path) -> None:
    assert list(dangers(file.read_text(encoding="utf-8"))) == []


@each_module
def test_a_module_says_what_it_is_for_and_stays_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a docstring: what it is for and what it must not do"
    if not re.fullmatch(r"_\w+_table\.py", file.name):
        assert len(text.splitlines()) < LONGEST, "a module that long wants to be two"


@each_module
def test_importing_a_module_does_nothing(file: Path) -> None:
    """Calls on the top level, outside of assignments and decorators, are work at import time."""
    if "migrations" in file.parts or file.name in {"__main__.py", "plugin.py"}:
        pytest.skip("a script that its host runs by importing it")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert [f"line {part.lineno}" for part in tree.body if _is_work(part)] == []


@each_module
def test_time_comes_from_the_clock(file: Path) -> None:
    if CLOCKS.fullmatch(file.relative_to(ROOT).as_posix()):
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = [part for part in ast.walk(tree) if isinstance(part, ast.Call)]
    assert [f"line {call.lineno}" for call in calls if _dotted(call.func) in FOREIGN_TIME] == []


def test_the_tests_that_begin_first_are_there() -> None:
    assert [name for name in LONG if not (ROOT / "tests" / name).is_file()] == []


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    assert [str(f.relative_to(ROOT)) for f in modules() if {f.stem, f.parent.name} & VAGUE_NAMES] == []


def test_the_lock_files_hold_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(
            r"://|^\s*-|\s@\s", re.sub(r"^\s+--hash=sha256:[0-9a-f]{64}", "", text, flags=re.M), re.M
        ), name
    for name in ("viewer/package-lock.json", "scripts/node/package-lock.json", "tests/peers/dcmjs/package-lock.json"):
        packages = json.loads((ROOT / name).read_text(encoding="utf-8"))["packages"]
        assert [key for key, package in packages.items() if "resolved" in package] == [], name
        assert [key for key, package in packages.items() if key and "integrity" not in package] == [], name


def test_every_runtime_requirement_is_locked_alike_for_running_and_developing() -> None:
    run, dev = (_pins(name) for name in ("requirements.lock", "requirements-dev.lock"))
    assert run <= dev


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("eval('1')", "eval"),
        ("import os\nos.system('ls')", "os.system"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "shell=True"),
        ("import pickle", "pickle"),
        ("from marshal import loads", "marshal"),
        ("import pydicom as p\np.run(shell=1)", "shell=True"),
    ],
)
def test_the_search_for_dangers_finds_them(text: str, what: str) -> None:
    assert [found.split(": ")[1] for found in dangers(text)] == [what]


def test_the_search_for_dangers_lets_harmless_code_pass() -> None:
    assert list(dangers("import re, subprocess\nre.compile('a')\nsubprocess.run(['ls'], shell=False)")) == []


def dangers(text: str) -> Iterator[str]:
    """`line n: what` for everything in a source text that evaluates text, unpickles or starts a shell."""
    for part in ast.walk(ast.parse(text)):
        if isinstance(part, ast.Call):
            name = _dotted(part.func)
            if name in FORBIDDEN_NAMES | FORBIDDEN_CALLS:
                yield f"line {part.lineno}: {name}"
            if any(
                k.arg == "shell" and not (isinstance(k.value, ast.Constant) and not k.value.value)
                for k in part.keywords
            ):
                yield f"line {part.lineno}: shell=True"
        elif isinstance(part, ast.Import | ast.ImportFrom):
            names = [part.module or ""] if isinstance(part, ast.ImportFrom) else [alias.name for alias in part.names]
            for name in names:
                if name.split(".")[0] in FORBIDDEN_IMPORTS:
                    yield f"line {part.lineno}: {name}"


def _dotted(expression: ast.expr) -> str:
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        return f"{_dotted(expression.value)}.{expression.attr}"
    return ""


def _is_work(part: ast.stmt) -> bool:
    if isinstance(part, ast.If):  # `if __name__ == "__main__":` is never true on import
        return "__name__" not in ast.unparse(part.test)
    if isinstance(part, ast.Expr):
        return isinstance(part.value, ast.Call) and _dotted(part.value.func) not in REGISTRATIONS
    return isinstance(part, ast.For | ast.While | ast.With | ast.Delete | ast.Raise)


def _pins(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Za-z0-9._-]+==\S+)", text, re.M))

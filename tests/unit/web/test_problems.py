"""Every error has a status and its words in both languages."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import errors
from node.errors import NodeError
from node.web import problems
from worklists.correspondence import identity, shapes
from worklists.modality import form
from worklists.reporting import life

ROOT = Path(problems.__file__).parent.parent.parent
FUTURE = "from __future__ import annotations\n"
SOURCES = [*sorted((ROOT / "node" / "web").rglob("*.py")), *sorted((ROOT / "worklists").glob("*/*.py"))]


def subclasses(kind: type[NodeError]) -> Iterator[type[NodeError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from subclasses(child)


PLACES = {module.__name__ for module in (errors, problems, form, identity, shapes, life)}
ALL = sorted({kind for kind in subclasses(NodeError) if kind.__module__ in PLACES}, key=lambda kind: kind.__name__)
FORMS = (form.OrderInvalid, identity.TellsPatient, shapes.LetterInvalid, life.NotReady)  # made of their faults
CODES = {kind.code for kind in ALL} | {"internal", "invalid", "not-found", *problems._HTTP_CODES.values()}


@pytest.mark.parametrize("language", problems.LANGUAGES)
def test_every_code_has_a_title_a_detail_and_a_hint(language: str) -> None:
    entries = problems.catalogue(language)["codes"]
    assert set(entries) == CODES
    for code, entry in entries.items():
        for part in ("title", "detail", "hint"):
            assert entry[part].strip(), (code, part)


def test_the_catalogues_hold_composed_text() -> None:
    for language in problems.LANGUAGES:
        text = (ROOT / "node" / "web" / "messages" / f"{language}.json").read_text(encoding="utf-8")
        assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_of_its_own_kind(kind: type[NodeError]) -> None:
    if kind is problems.LoginLocked:
        error: NodeError = kind("x", seconds=1)
    else:
        error = kind(()) if kind in FORMS else kind("x")
    status = problems.status_of(error)
    assert 400 <= status < 600
    if issubclass(kind, errors.Retryable):
        assert status in (502, 503)


def raised_texts() -> Iterator[str]:
    """The constant messages and hints of errors that are made in the web server and the reading desk."""
    names = {kind.__name__ for kind in ALL} - {"Unreadable"}  # goes into the quarantine, not to a caller
    for path in SOURCES:
        if path.name == "exchange.py":  # speaks to nodes, not to people
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names):
                continue
            for value in [*call.args[:1], *(k.value for k in call.keywords if k.arg == "hint")]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def test_every_text_that_a_person_may_see_is_translated() -> None:
    texts = problems.catalogue("vi")["texts"]
    found = set(raised_texts())
    assert len(found) > 30
    assert sorted(text for text in found if text not in texts) == []


def test_no_translation_is_left_over() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in [*SOURCES, ROOT / "node" / "ledger" / "users.py"])
    literals = {
        node.value for node in ast.walk(ast.parse(sources.replace(FUTURE, ""))) if isinstance(node, ast.Constant)
    }
    assert sorted(text for text in problems.catalogue("vi")["texts"] if text not in literals) == []

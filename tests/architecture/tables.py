"""The tables of README.md and CONFORMANCE.md that come from the code, between `<!-- name -->` and `<!-- /name -->`.

`make docs` writes them (this file as a program), `make check` and the tests compare them (`--check`).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import node
import worklists
from node.errors import Held, NodeError, Refused, Retryable
from tests.architecture import conformance

ROOT = Path(__file__).resolve().parents[2]
Row = tuple[str, ...]


@dataclass(frozen=True)
class DocumentTable:
    """One generated table: `file` holds it between the markers that `name` makes."""

    file: str
    name: str
    head: Row
    rows: Callable[[], Iterator[Row]]

    def text(self) -> str:
        """The table in Markdown, without the markers."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows()]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

    def span(self, document: str) -> tuple[int, int]:
        """Where the table stands in the document's text; raises `ValueError` that says what to write."""
        begin, end = f"<!-- {self.name} -->", f"<!-- /{self.name} -->"
        if document.count(begin) != 1 or document.count(end) != 1 or document.index(begin) > document.index(end):
            raise ValueError(f"{self.file} needs one line '{begin}' and after it one line '{end}'; then run: make docs")
        return document.index(begin) + len(begin), document.index(end)

    def is_current(self) -> bool:
        document = self._read()
        begin, end = self.span(document)
        return document[begin:end].strip() == self.text()

    def write(self) -> None:
        document = self._read()
        begin, end = self.span(document)
        (ROOT / self.file).write_text(f"{document[:begin]}\n{self.text()}\n{document[end:]}", encoding="utf-8")

    def _read(self) -> str:
        file = ROOT / self.file
        if not file.is_file():
            raise ValueError(f"{self.file} is missing.")
        return file.read_text(encoding="utf-8")


def every_module() -> Iterator[str]:
    """The dotted names of all modules of both packages, but not of those that only run inside something else."""
    for package in (node, worklists):
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name and found.name not in {"node.__main__", "node.orthanc.plugin"}:
                yield found.name


def every_error() -> list[type[NodeError]]:
    """`NodeError` and all its subclasses, wherever they stand, parents before children."""
    for name in every_module():
        importlib.import_module(name)
    found: list[type[NodeError]] = [NodeError]
    for kind in found:  # grows while it is walked
        found += [child for child in kind.__subclasses__() if child not in found and "tests" not in child.__module__]
    return found


def settings() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting as `part.name` with its field."""
    from node.config import Settings

    for part, outer in Settings.model_fields.items():
        model = outer.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for name, inner in model.model_fields.items():
            yield f"{part}.{name}", inner


def _settings_rows() -> Iterator[Row]:
    for name, field in settings():
        default = field.default
        shown = "" if default is None or default == "" or default == Path() else f"`{plain(default)}`"
        yield f"`{name}`", shown, field.description or ""


def plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _error_rows() -> Iterator[Row]:
    kinds = {Retryable: "tried again", Refused: "refused", Held: "held"}
    for error in every_error():
        kind = next((words for base, words in kinds.items() if issubclass(error, base)), "")
        yield f"`{error.code}`", kind, (error.__doc__ or "").strip().splitlines()[0]


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of the program, named with its group: `user add`."""
    from node.cli import app

    yield from _commands_of(typer.main.get_command(app), "")


def _commands_of(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():  # of classes that typer keeps to itself
        if hasattr(command, "commands"):
            yield from _commands_of(command, f"{prefix}{name} ")
        elif not command.hidden:
            yield f"{prefix}{name}", command


def _command_rows() -> Iterator[Row]:
    for name, command in commands():
        words = [str(part.name).upper() for part in command.params if part.param_type_name == "argument"]
        yield f"`{' '.join(['lientuyen', name, *words])}`", command.get_short_help_str(limit=300)


_SYNTAX_HEAD = ("transfer syntax", "UID", "received, kept, sent on", "decoded", "encoded")

TABLES = (
    DocumentTable("README.md", "commands", ("command", "what it does"), _command_rows),
    DocumentTable("README.md", "settings", ("setting", "default", "what it says"), _settings_rows),
    DocumentTable("README.md", "errors", ("code", "what happens", "meaning"), _error_rows),
    *(
        DocumentTable("CONFORMANCE.md", name, head, rows)
        for name, head, rows in (
            ("services", ("SOP class", "UID", "SCU", "SCP", "in the registry"), conformance.service_rows),
            ("policies", ("policy", "value", "setting"), conformance.policy_rows),
            ("proposed", ("activity", "when", "SOP class", "transfer syntaxes", "role"), conformance.proposed_rows),
            ("accepted", ("SOP class", "UID", "transfer syntaxes", "role", "extended"), conformance.accepted_rows),
            ("rejections", ("result", "source", "reason", "when"), conformance.rejection_rows),
            ("storage-classes", ("SOP class", "UID"), conformance.storage_rows),
            ("transfer-syntaxes", _SYNTAX_HEAD, conformance.syntax_rows),
            ("store-status", ("status", "meaning"), conformance.status_rows),
            ("peer-status", ("status", "the object is", "meaning"), conformance.verdict_rows),
            ("find-keys", ("level", "attribute", "tag", "VR", "matching"), conformance.search_rows),
            ("find-headers", ("level", "attributes"), conformance.header_rows),
            ("worklist-keys", ("attribute", "tag", "VR", "in the item of"), conformance.worklist_rows),
            ("dicom-settings", ("setting", "default", "what it says"), conformance.setting_rows),
            ("frame-types", ("stored as", "media type of frames"), conformance.frame_rows),
            ("charsets", ("`charset` of a peer", "repertoire"), conformance.charset_rows),
            ("sr-attributes", ("attribute", "tag", "VR", "value"), conformance.sr_rows),
            ("measurement-attributes", ("attribute", "tag", "VR", "value"), conformance.measurement_rows),
            ("key-object-attributes", ("attribute", "tag", "VR", "value"), conformance.key_object_rows),
            ("presentation-attributes", ("attribute", "tag", "VR", "value"), conformance.presentation_rows),
            ("pdf-attributes", ("attribute", "tag", "VR", "value"), conformance.pdf_rows),
        )
    ),
)


def main(arguments: list[str]) -> int:
    """Writes all tables; with `--check` only says which ones are old. Returns the exit code."""
    wrong = 0
    for table in TABLES:
        try:
            if table.is_current():
                continue
            if "--check" in arguments:
                raise ValueError(f"The table '{table.name}' in {table.file} is not what the code says; run: make docs")
            table.write()
            print(f"{table.file}: {table.name} written")
        except ValueError as problem:
            print(problem, file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

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
        shown = "" if default is None or default == "" or default == Path() else f"`{_plain(default)}`"
        yield f"`{name}`", shown, field.description or ""


def _plain(value: object) -> str:
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


def _syntax_rows() -> Iterator[Row]:
    from node.dicom.syntaxes import TRANSFER_SYNTAXES

    for syntax in TRANSFER_SYNTAXES.values():
        retired = " (retired)" if syntax.retired else ""
        marks = ("yes" if flag else "" for flag in (True, syntax.decodes, syntax.encodes))
        yield f"{syntax.name}{retired}", syntax.uid, *marks


def providers() -> Iterator[Any]:
    """The classes of `node.dicom.network.services` that provide a service."""
    from node.dicom.network import services
    from node.domain.facility import Service

    for found in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and isinstance(getattr(value, "service", None), Service)
                and "sop_classes" in vars(value)
            ):
                yield value


def _service_rows() -> Iterator[Row]:
    from pydicom.uid import UID

    from node.dicom.network.offer import VERIFICATION
    from node.dicom.network.services.commitment import SOP_CLASS as COMMITMENT

    asked = {VERIFICATION, COMMITMENT}  # by this node, of its peers; objects are the other table's
    yield UID(VERIFICATION).name, VERIFICATION, "yes", "yes", ""
    offered = sorted((uid, provider.service) for provider in providers() for uid in provider.sop_classes)
    for uid, service in offered:
        retired = " (retired)" if UID(uid).is_retired and "etired" not in UID(uid).name else ""
        yield UID(uid).name + retired, uid, "yes" if uid in asked else "", "yes", f"`{service}`"


def _storage_rows() -> Iterator[Row]:
    from pydicom.uid import UID

    from node.dicom.network.offer import STORAGE_CLASSES

    for uid in sorted(STORAGE_CLASSES, key=lambda uid: [int(part) for part in uid.split(".")]):
        yield UID(uid).name, uid


def _status_rows() -> Iterator[Row]:
    from node.dicom.network import status

    answers = [getattr(status, name) for name in _STORE_STATUSES]
    answers += [status.store_status(error("")) for error in every_error() if error.__module__ == "node.errors"]
    for code, comment in sorted({(answer.code, answer.comment) for answer in answers}):
        yield f"`{code:04X}`", comment or "Success: the object survives a power cut"


_STORE_STATUSES = (  # what the engine itself answers to a C-STORE (`association`, `storing`)
    "SUCCESS",
    "MISMATCH",
    "NO_DATA_SET",
    "TOO_LARGE",
    "NO_SUCH_CLASS",
    "UNRECOGNIZED",
    "PROCESSING_FAILURE",
    "NOT_ALLOWED",
)


def _worklist_rows() -> Iterator[Row]:
    from pydicom.datadict import dictionary_description, dictionary_VR, tag_for_keyword

    from worklists.modality.entry import KNOWN, KNOWN_IN_STEP

    for keywords, place in ((KNOWN, ""), (KNOWN_IN_STEP, "Scheduled Procedure Step Sequence")):
        for tag in sorted(int(tag_for_keyword(keyword) or 0) for keyword in keywords):
            yield dictionary_description(tag), f"({tag >> 16:04X},{tag & 0xFFFF:04X})", dictionary_VR(tag), place


TABLES = (
    DocumentTable("README.md", "commands", ("command", "what it does"), _command_rows),
    DocumentTable("README.md", "settings", ("setting", "default", "what it says"), _settings_rows),
    DocumentTable("README.md", "errors", ("code", "what happens", "meaning"), _error_rows),
    DocumentTable(
        "CONFORMANCE.md",
        "transfer-syntaxes",
        ("transfer syntax", "UID", "received, kept, sent on", "decoded", "encoded"),
        _syntax_rows,
    ),
    DocumentTable("CONFORMANCE.md", "services", ("SOP class", "UID", "SCU", "SCP", "in the registry"), _service_rows),
    DocumentTable("CONFORMANCE.md", "storage-classes", ("SOP class", "UID"), _storage_rows),
    DocumentTable("CONFORMANCE.md", "store-status", ("status", "meaning"), _status_rows),
    DocumentTable("CONFORMANCE.md", "worklist-keys", ("attribute", "tag", "VR", "in the item of"), _worklist_rows),
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

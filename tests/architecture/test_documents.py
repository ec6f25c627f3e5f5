"""Every setting, command, error code and status is documented, in the words of the code."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.architecture import tables


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: f"{table.file}-{table.name}")
def test_a_table_in_a_document_is_what_the_code_says(table: tables.DocumentTable) -> None:
    assert table.is_current(), f"{table.file}, table '{table.name}': run make docs"


def test_the_documents_hold_no_generated_table_that_nobody_generates() -> None:
    known = {(table.file, table.name) for table in tables.TABLES}
    found = {
        (file, name)
        for file in ("README.md", "CONFORMANCE.md")
        for name in re.findall(r"<!-- /([a-z-]+) -->", (tables.ROOT / file).read_text(encoding="utf-8"))
    }
    measured = {("README.md", f"bench-{what}") for what in ("loop", "gateway", "viewer")}  # by that benchmark
    assert found - measured == known


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in tables.settings() if not (field.description or "").endswith(".")] == []


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in tables.commands() if not command.get_short_help_str()] == []


def test_every_error_code_stands_for_one_class_and_is_explained() -> None:
    errors = tables.every_error()
    assert [code for code, times in Counter(error.code for error in errors).items() if times > 1] == []
    assert [error.__name__ for error in errors if "code" not in vars(error) or not error.__doc__] == []
    assert [error.code for error in errors if not re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)] == []


def test_a_table_without_its_markers_says_which_lines_are_missing() -> None:
    with pytest.raises(ValueError, match=r"README\.md needs one line '<!-- settings -->'"):
        tables.TABLES[1].span("# A page without markers")


def test_the_environment_may_set_everything_that_the_settings_table_names() -> None:
    names = [name for name, _ in tables.settings()]
    assert len(names) == len(set(names)) > 0
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) and "__" not in name for name in names)


SECTIONS = (  # of PS3.2, in their order
    "1 Conformance statement overview",
    "2 Revision and introduction",
    "3 Implementation model",
    "4 Networking",
    "5 Media storage",
    "6 Support of character sets",
    "7 Security",
    "8 Annexes",
)


def conformance() -> str:
    return (tables.ROOT / "CONFORMANCE.md").read_text(encoding="utf-8")


def test_the_conformance_statement_has_the_sections_of_the_standard() -> None:
    assert tuple(re.findall(r"^## (\d.*)$", conformance(), re.MULTILINE)) == SECTIONS


def statuses() -> Iterator[int]:
    """Every DIMSE status that the code of the network names."""
    for path in sorted((tables.ROOT / "node" / "dicom" / "network").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id == "Status"
                and call.args
            ):
                code = call.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, int):
                    yield code.value


def test_every_status_that_the_node_answers_is_in_the_conformance_statement() -> None:
    text = conformance()
    found = set(statuses())
    assert len(found) > 15
    assert sorted(f"{code:04X}" for code in found if f"`{code:04X}`" not in text) == []

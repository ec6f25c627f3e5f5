"""Imports go down the layers and nowhere else."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules


def test_imports_keep_to_the_layers() -> None:
    program = Path(sys.executable).with_name("lint-imports")  # a process of its own: it sets logging up as it likes
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_the_contracts_have_no_exceptions_and_cover_both_packages() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert configuration["root_packages"] == ["node", "worklists"]
    assert [contract["name"] for contract in configuration["contracts"] if contract.get("ignore_imports")] == []


@pytest.mark.parametrize("file", modules(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_import_hides_behind_type_checking(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert not any(isinstance(part, ast.Name) and part.id == "TYPE_CHECKING" for part in ast.walk(tree))


def test_only_node_dicom_knows_the_dicom_toolkits() -> None:
    toolkits = {"pydicom", "pynetdicom", "highdicom", "imagecodecs"}
    guests = [
        file.relative_to(ROOT).as_posix()
        for file in modules()
        if ROOT / "node" / "dicom" not in file.parents and toolkits & _imported(file)
    ]
    assert guests == []


def _imported(file: Path) -> set[str]:
    found: set[str] = set()
    for part in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(part, ast.Import):
            found |= {alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
            found.add(part.module.split(".")[0])
    return found

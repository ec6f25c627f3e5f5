"""A small study and a running loop."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.dicom.phantom import write_ct
from tests.flow.loop import Loop
from tests.flow.nursery import Nursery
from tests.services import find_program


@pytest.fixture(scope="session")
def ct_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CT study of four slices."""
    folder = tmp_path_factory.mktemp("ct")
    write_ct(folder, slices=4, now=datetime(2026, 11, 22, 1, 0, tzinfo=UTC), seed=7)
    return folder


@pytest.fixture
def loop(tmp_path: Path, nursery: Nursery) -> Iterator[Loop]:
    """Both nodes prepared, none started, the origin's PACS listening."""
    running = Loop(tmp_path / "demo", nursery=nursery)
    yield running
    running.close()


@pytest.fixture(scope="session")
def storescu() -> Callable[[Loop, Path], bool]:
    """DCMTK pushes a folder to the district; False when the district did not take all of it."""
    program = find_program("storescu", "dcmtk")

    def send(loop: Loop, folder: Path) -> bool:
        command = [str(program), "-aec", "TTYT_DINHHOA", "-R", "+sd", "+r", "-to", "5", "127.0.0.1"]
        command += [str(loop.demo.district.dicom_port), str(folder)]
        return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0

    return send

"""Other people's programs that judge DICOM objects, and what is read from their answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# dcmtk 3.6.7 says this of every document that is not in Latin-1, right or wrong
_DCMTK_NOTICE = "W: The VR checker does not support this Specific Character Set: ISO_IR 192"


def dsrdump(file: Path) -> tuple[str, list[str]]:
    """The text of a structured report and the warnings and errors of DCMTK's reader (PS3.3 C.17)."""
    program = shutil.which("dsrdump")
    if program is None:
        pytest.fail("dsrdump is not here: install the Debian package dcmtk")
    done = subprocess.run([program, "+Pl", str(file)], capture_output=True, check=False, timeout=60)
    said = done.stderr.decode("utf-8", "replace").splitlines()
    problems = [line for line in said if line.strip() and line.strip() != _DCMTK_NOTICE]
    return done.stdout.decode("utf-8"), problems + ([] if done.returncode == 0 else [f"exit {done.returncode}"])


def dciodvfy(file: Path) -> list[str]:
    """The errors that dicom3tools finds against the IOD."""
    program = Path(sys.executable).with_name("dciodvfy")
    if not program.exists():
        pytest.fail("dciodvfy is not here: install the development dependencies (dicom3tools)")
    done = subprocess.run([program, str(file)], capture_output=True, check=False, timeout=60)
    said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    errors = [line for line in said if line.startswith("Error")]
    return errors + ([] if done.returncode == 0 or errors else [f"exit {done.returncode}"])


def dicom_sr_validator(file: Path) -> list[str]:
    """The lines of PixelMed's validator that say error, and a line when it did not come to its end."""
    jar = Path("/usr/share/java/pixelmed.jar")
    java = shutil.which("java")
    if java is None or not jar.exists():
        pytest.fail("DicomSRValidator is not here: install the Debian package pixelmed-apps")
    limits = [f"-Djdk.xml.xpath{name}=0" for name in ("ExprGrpLimit", "ExprOpLimit", "TotalOpLimit")]
    short = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # half the work for a program that runs for seconds
    command = [java, *short, *limits, "-Xss64m", "-cp", str(jar), "com.pixelmed.validate.DicomSRValidator", str(file)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=240)
    said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    errors = [line for line in said if "Error" in line or "Exception" in line]
    finished = any("Root Template Validation Complete" in line for line in said)
    return errors + ([] if finished else ["the validator did not finish"])


def tid1500reader(file: Path) -> dict[str, Any]:
    """What dcmqi reads from a measurement report, as its JSON; fails the test when it refuses it or says error."""
    program = Path(sys.executable).with_name("tid1500reader")
    if not program.exists():
        pytest.fail("tid1500reader is not here: install the development dependencies (dcmqi)")
    said = file.with_suffix(".json")
    command = [program, "--inputDICOM", str(file), "--outputMetadata", str(said)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    assert done.returncode == 0, lines
    assert not [line for line in lines if line.startswith(("E:", "F:", "ERROR", "Error"))], lines
    found: dict[str, Any] = json.loads(said.read_text())
    return found

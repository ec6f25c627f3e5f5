"""Pseudonymisation of every real file: none of it crashes, nothing of the identity is left in the encoded bytes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from node.dicom.decoded import BULK, decode, elements, texts
from node.dicom.deidentify import Deidentifier
from node.dicom.identity_text import WORD
from node.dicom.profile import Profile
from node.dicom.setup import configure

DATA = Path(__file__).parents[3] / "shared" / "data"
PROFILES = {
    "basic": Profile(frozenset(), "send"),
    "consult": Profile(frozenset({"rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt"}), "send"),
}
UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")

# Chance meetings of test data, looked at one by one: a coded term (CS) that the phantom was named after.
COINCIDENCES = {"HEADNECK": "BodyPartExamined", "PANCREAS": "BodyPartExamined"}
# Words that pseudonymisation itself writes: of the codes' meanings (a patient called "Patient").
WRITTEN = {"Patient", "Basic", "Profile", "Application", "Full", "Clean", "Option"}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not there: real DICOM files to test with")


def readable() -> Iterator[tuple[str, Path]]:
    """The files of the manifest that hold an object that a node would take: with its four UIDs."""
    for line in (DATA / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name = line.split("\t")[0]
        try:
            ds = dcmread(DATA / name, force=True)
            if all(str(ds.get(keyword) or "") for keyword in UIDS):
                yield name, DATA / name
        except Exception:  # noqa: S112 - what the toolkit cannot read is refused long before
            continue


def encoded(ds: Dataset) -> bytes:
    """The file as it would travel, without pixels; deflated ones plain, so that they can be searched."""
    for tag in BULK:
        if tag in ds:
            del ds[tag]
    if ds.file_meta.get("TransferSyntaxUID") in (None, "", DeflatedExplicitVRLittleEndian):
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def marks(ds: Dataset) -> set[str]:
    """What must not be found: words of the name (4 letters or more), patient ID and accession number (5 or more)."""
    decode(ds)
    found = {word for word in WORD.findall(str(ds.get("PatientName") or "")) if len(word) >= 4}
    numbers = [str(ds.get(keyword) or "").strip() for keyword in ("PatientID", "AccessionNumber")]
    return found.union(number for number in numbers if len(number) >= 5)


def leftovers(name: str, path: Path, profile: Profile) -> list[str]:
    ds = dcmread(path, force=True)
    pseudonyms = Deidentifier(b"k" * 32, "dinh-hoa", profile).apply(ds)
    data = encoded(ds)
    back = dcmread(BytesIO(data))
    assert back.SOPInstanceUID == ds.SOPInstanceUID, name
    searched = marks(dcmread(path, force=True)) - WRITTEN
    searched |= {uid for uid in pseudonyms.uids.values() if "." in uid}
    return [
        f"{name}: {where}"
        for mark in searched
        if mark.encode() in data
        for where in _places(back, mark)
        if where != COINCIDENCES.get(mark)
    ]


def _places(ds: Dataset, mark: str) -> list[str]:
    return [path for _, element, path in elements(ds) if any(mark in text for text in texts(element))] or ["bytes"]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_no_real_file_crashes_or_keeps_an_identity(profile: Profile) -> None:
    configure()
    files = list(readable())
    assert len(files) > 700
    left = [where for name, path in files for where in leftovers(name, path, profile)]
    assert left == []

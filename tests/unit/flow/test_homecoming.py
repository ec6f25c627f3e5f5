"""A report comes home: onto the original study when the vault knows it, held when it does not, never guessed."""

from __future__ import annotations

import io
from collections.abc import Callable

import pydicom
import pypdf
import pytest

from node.dicom.dataset import json_metadata
from node.dicom.report.bundle import build_documents
from node.dicom.report.document import EvidenceItem
from node.dicom.report.narrative import build_sr
from node.domain.delivery import DeliveryState
from node.domain.measurement import Measurement, MeasurementKind, Value
from node.domain.report import ReportText, SignedReport
from node.domain.study import Via
from node.domain.timeline import Hop
from node.ledger.desk_tables import notices
from node.ledger.schema import deliveries, instances, studies
from tests.unit.flow.station import HOME, NOW, STUDY, TO_PACS, UP, UPPER, Station, an_object

Make = Callable[..., Station]
UNKNOWN = "2.25.999"


@pytest.fixture
def station(make_station: Make) -> Station:
    """A node whose study has arrived at the hub."""
    station = make_station(UP, HOME, TO_PACS)
    station.receive(an_object(1), an_object(2))
    station.drain()
    station.let(60)
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    return station


def a_report(station: Station, *, number: int = 1, study: str = "") -> bytes:
    """What the hub's desk signs, about the study as the hub knows it."""
    sent = [pydicom.dcmread(io.BytesIO(content)) for content in station.sender.contents.values()]
    images = [ds for ds in sent if "PixelData" in ds]
    if study:
        for ds in images:
            ds.StudyInstanceUID = study
    uid = images[0].StudyInstanceUID
    text = ReportText("CLVT ngực.", "Không thấy tổn thương.", f"Bình thường, lần {number}.", "Theo dõi.")
    signed = SignedReport(text, uid, f"2.25.77{number}", f"2.25.88{number}", "BS. Mẫu", "BV TW", NOW)
    evidence = [EvidenceItem(ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID) for ds in images]
    return build_sr(signed, json_metadata(images[0]), evidence)


def all_documents(station: Station) -> list[bytes]:
    """What the hub's desk signs with a key image and measurements, as it travels: everything but the printed sheet."""
    sent = {uid: pydicom.dcmread(io.BytesIO(content)) for uid, content in station.sender.contents.items()}
    images = [ds for ds in sent.values() if "PixelData" in ds]
    first = images[0]
    mark = Measurement(
        id="6f1f7a0e-9a35-4e7c-8f0b-0d8f6d9b2c11",
        kind=MeasurementKind.LENGTH,
        series_instance_uid=first.SeriesInstanceUID,
        sop_instance_uid=first.SOPInstanceUID,
        frame=1,
        points=((1.0, 1.0), (6.0, 5.0)),
        values=(Value("length", 6.4, "mm"),),
        text="Nốt",
    )
    text = ReportText("CLVT ngực.", "Nốt đặc.", "Nốt đơn độc.", key_images=(first.SOPInstanceUID,))
    signed = SignedReport(
        text, first.StudyInstanceUID, "2.25.771", "2.25.881", "BS. Mẫu", "BV TW", NOW, measurements=(mark,)
    )
    evidence = [EvidenceItem(ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID) for ds in images]
    stored = station.node.scratch / "as-sent.dcm"
    stored.write_bytes(station.sender.contents[first.SOPInstanceUID])
    made = build_documents(
        signed, json_metadata(first), evidence, {str(first.SOPInstanceUID): stored}, facility_name="BV TW"
    )
    return [content for content in made if pydicom.dcmread(io.BytesIO(content)).Modality != "DOC"]


def come_home(station: Station, *reports: bytes) -> None:
    station.receive(*reports, via=Via.LINK, peer="hub", facility=UPPER)
    station.drain()


def at_home(station: Station) -> list[pydicom.Dataset]:
    rows = station.rows(instances, instances.c.via == Via.HOME.value)
    return [pydicom.dcmread(station.node.storage.path(row.digest)) for row in rows]


def test_a_report_comes_home_onto_the_original_study_and_goes_to_the_pacs(station: Station) -> None:
    come_home(station, a_report(station))
    files = at_home(station)
    assert sorted(ds.Modality for ds in files) == ["DOC", "SR"]
    for ds in files:
        assert (ds.StudyInstanceUID, ds.PatientID) == (STUDY, "MAU-0001")
        assert str(ds.PatientName) == "NGUYỄN^VĂN MẪU"
    (sr,) = (ds for ds in files if ds.Modality == "SR")
    referenced = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert {item.ReferencedSOPInstanceUID for item in referenced} == {f"{STUDY}.1.1", f"{STUDY}.1.2"}
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.count(Hop.REPORT_RECEIVED) == station.count(Hop.REPORT_REIDENTIFIED) == 1
    assert station.count(Hop.REPORT_DELIVERED) == 1
    station.let(60)
    assert station.jobs() == []


def test_every_document_comes_home_and_nothing_of_the_pseudonym_is_left(station: Station) -> None:
    documents = all_documents(station)
    pseudonyms = {pydicom.dcmread(io.BytesIO(c)).PatientID for c in documents}
    uids = {uid for uid, content in station.sender.contents.items() if b"6.4" not in content}
    come_home(station, *documents)
    files = at_home(station)
    assert sorted(ds.Modality for ds in files) == ["DOC", "KO", "PR", "SR", "SR"]
    for ds in files:
        assert (ds.StudyInstanceUID, ds.PatientID, str(ds.PatientName)) == (STUDY, "MAU-0001", "NGUYỄN^VĂN MẪU")
        written = io.BytesIO()
        ds.save_as(written, enforce_file_format=True)
        for pseudonym in pseudonyms | uids:
            assert str(pseudonym).encode() not in written.getvalue()
    (presentation,) = (ds for ds in files if ds.Modality == "PR")
    shown = presentation.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert shown in {f"{STUDY}.1.1", f"{STUDY}.1.2"}
    assert presentation.GraphicAnnotationSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID == shown
    assert station.count(Hop.REPORT_REIDENTIFIED) == 1
    assert station.delivery("pacs").state == DeliveryState.DELIVERED


def test_people_hear_of_a_report_once_however_its_documents_come(station: Station) -> None:
    for document in all_documents(station):
        come_home(station, document)
    assert len(at_home(station)) == 5
    assert station.count(Hop.REPORT_REIDENTIFIED) == station.count(Hop.REPORT_RECEIVED) == 1
    assert [row.kind for row in station.rows(notices)] == ["report-arrived"]


def test_the_sheet_at_home_shows_the_origin_s_own_pixels(station: Station) -> None:
    come_home(station, *all_documents(station))
    (sheet,) = (ds for ds in at_home(station) if ds.Modality == "DOC")
    reader = pypdf.PdfReader(io.BytesIO(sheet.EncapsulatedDocument))
    pictures = [image for page in reader.pages for image in page.images]
    assert len(pictures) == 1
    assert "NGUYỄN VĂN MẪU" in "".join(page.extract_text() for page in reader.pages)


def test_the_pseudonymous_twin_is_a_shadow_and_no_study_of_ours(station: Station) -> None:
    come_home(station, a_report(station))
    twins = station.rows(studies, studies.c.uid != STUDY)
    assert [row.shadow for row in twins] == [True]
    assert station.study().instances == 4


def test_the_same_report_again_has_no_effect(station: Station) -> None:
    report = a_report(station)
    come_home(station, report)
    before = (station.instances(), station.hops(), station.rows(deliveries), list(station.sender.sent))
    come_home(station, report)
    assert (station.instances(), station.hops(), station.rows(deliveries), station.sender.sent) == before


def test_a_homecoming_that_is_repeated_after_a_crash_makes_the_same_objects(station: Station) -> None:
    stage = station.stages["homecome"]
    work = stage.work

    def twice(job: object, node: object) -> object:
        work(job, node)  # type: ignore[arg-type]
        return work(job, node)  # type: ignore[arg-type]

    stage.work = twice  # type: ignore[method-assign]
    come_home(station, a_report(station))
    assert len(at_home(station)) == 2
    assert len(station.sender.sent) == 4  # two images up, two documents to the PACS


def test_a_report_whose_pseudonym_is_unknown_is_held_and_not_guessed(station: Station) -> None:
    come_home(station, a_report(station, study=UNKNOWN))
    station.let(86400)
    assert at_home(station) == []
    row = station.delivery("")
    assert row.state == DeliveryState.HELD
    assert "not in the vault" in row.last_error
    assert station.item_states("") == ["held"]
    assert station.sender.calls[-1][0] == "hub"
    assert station.jobs() == []


def test_a_report_that_cannot_be_brought_home_blocks_no_later_one(station: Station) -> None:
    spoilt = pydicom.dcmread(io.BytesIO(a_report(station, number=1)))
    spoilt.Modality = "SR"
    del spoilt.ContentSequence
    buffer = io.BytesIO()
    spoilt.save_as(buffer, enforce_file_format=True)
    come_home(station, buffer.getvalue())
    assert station.item_states("") == ["held"]
    come_home(station, a_report(station, number=2))
    assert station.item_states("") == ["held", "delivered"]
    assert sorted(ds.Modality for ds in at_home(station)) == ["DOC", "SR"]
    assert station.delivery("").state == DeliveryState.HELD
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    station.let(60)
    assert station.jobs() == []


def test_asked_for_again_with_nothing_new_a_held_homecoming_stays_as_it_is(station: Station) -> None:
    from node.domain.job import NextJob
    from node.ledger import jobs

    come_home(station, a_report(station, study=UNKNOWN))
    before = station.delivery("")
    with station.ledger.begin() as tx:
        jobs.enqueue(tx, NextJob("homecome", str(before.id)), station.clock.now())
    station.let(60)
    assert station.jobs() == []
    assert station.delivery("") == before


def test_a_vault_that_was_sealed_with_another_key_holds_the_report(make_station: Make, station: Station) -> None:
    from dataclasses import replace

    station.node = replace(station.node, vault_key=bytes(32))
    station.runner.node = station.node
    come_home(station, a_report(station))
    assert at_home(station) == []
    assert station.delivery("").state == DeliveryState.HELD

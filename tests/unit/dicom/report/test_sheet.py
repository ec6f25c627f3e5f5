"""The printed sheet: what another program reads from it, and the object that carries it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pypdf
import pytest
from PIL import Image

from node.dicom.dataset import json_metadata
from node.dicom.report.encapsulated import encapsulate, read_pdf, twin_uid
from node.dicom.report.narrative import build_sr
from node.dicom.report.pictures import Picture, key_picture
from node.dicom.report.reading import read_report
from node.dicom.report.sheet import build_pdf
from node.domain.report import Addendum, ReportStatus, ReportText
from node.errors import Unreadable
from tests.images import an_image, smooth
from tests.unit.dicom.report.test_documents import a_mark
from tests.unit.dicom.report.test_narrative import EVIDENCE, SENIOR, STUDY_UID, a_header, a_report
from tests.unit.dicom.report.written import CRITICALS, TRAINEE
from tests.validators import dciodvfy

HOSPITAL = "Bệnh viện Trung ương mẫu"
HEADER = a_header(
    PatientName=[{"Alphabetic": "Nguyễn^Thị Mẫu"}],
    PatientAge="058Y",
    StudyDescription="CT ngực không tiêm",
    Modality="CT",
    InstitutionName="Trung tâm Y tế mẫu",
)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, in reading order, as poppler sees it."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.fail("pdftotext is not here: install the Debian package poppler-utils")
    done = subprocess.run([program, "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8").rstrip("\f").split("\f")


def a_sheet(text: ReportText | None = None) -> bytes:
    return build_pdf(a_report(text), HEADER, facility_name=HOSPITAL)


def test_vietnamese_is_read_back_with_all_its_marks() -> None:
    (page,) = pages_of(a_sheet())
    for word in ("Nguyễn Thị Mẫu", "ngực", "Tổn thương", "PHIẾU KẾT QUẢ CHẨN ĐOÁN HÌNH ẢNH", "Chụp cắt lớp vi tính"):
        assert word in page


def test_every_vietnamese_letter_survives() -> None:
    rows = ("aàảãáạăằẳẵắặâầẩẫấậđ", "eèẻẽéẹêềểễếệiìỉĩíị", "oòỏõóọôồổỗốộơờởỡớợ", "uùủũúụưừửữứựyỳỷỹýỵ")
    (page,) = pages_of(a_sheet(ReportText(findings="\n".join(rows), conclusion="\n".join(rows).upper())))
    for row in rows:
        assert row in page
        assert row.upper() in page


def test_the_sheet_has_all_blocks_in_order() -> None:
    (page,) = pages_of(a_sheet())
    blocks = [HOSPITAL, "Số phiếu: A-1", "Nguyễn Thị Mẫu", "CT ngực không tiêm", "Trung tâm Y tế mẫu", "12/05/1967"]
    blocks += ["58 tuổi", "01/03/2025 14:25", "KỸ THUẬT", "MÔ TẢ", "KẾT LUẬN", "ĐỀ NGHỊ", "ẢNH CHÍNH", "2 ảnh"]
    blocks += [
        "Ngày 02 tháng 03 năm 2025, 03:05",
        "BS.CKII Trần Thị Hồng Ánh",
        "bác sĩ điều trị tại cơ sở",
        "Trang 1/1",
    ]
    places = [page.find(block) for block in blocks]
    assert -1 not in places
    assert places == sorted(places)


def test_an_english_report_has_english_headings() -> None:
    (page,) = pages_of(a_sheet(ReportText(findings="Clear lungs.", conclusion="Normal.", language="en")))
    for word in ("DIAGNOSTIC IMAGING REPORT", "FINDINGS", "CONCLUSION", "Page 1/1"):
        assert word in page
    assert "RECOMMENDATION" not in page


def test_long_text_flows_over_numbered_pages() -> None:
    line = "Nhu mô phổi hai bên thông khí đều, không thấy tổn thương khu trú.\n"
    pages = pages_of(a_sheet(ReportText(findings=line * 120, conclusion="Hết.")))
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert f"Trang {number}/{len(pages)}" in page
    assert sum(page.count("Nhu mô phổi hai bên") for page in pages) == 120


def test_signs_of_markup_and_endless_words_are_printed_as_they_are() -> None:
    (page,) = pages_of(a_sheet(ReportText(findings="HU < 5 & > 3 <b>không đậm</b>\n" + "x" * 300, conclusion="–")))
    assert "HU < 5 & > 3 <b>không đậm</b>" in page
    assert page.count("x") >= 300


def test_a_header_without_anything_still_gives_a_sheet() -> None:
    (page,) = pages_of(build_pdf(a_report(), {}, facility_name=""))
    assert "KẾT LUẬN" in page


def test_the_note_can_be_the_facility_s_own() -> None:
    (page,) = pages_of(build_pdf(a_report(), HEADER, facility_name=HOSPITAL, tier_note="Kết quả của tuyến tỉnh."))
    assert "Kết quả của tuyến tỉnh." in page
    assert "Ý kiến hội chẩn từ xa" not in page


def test_the_sheet_made_at_home_from_the_structured_report_names_examination_and_place() -> None:
    sr = build_sr(a_report(), HEADER, EVIDENCE)
    study = json_metadata(pydicom.dcmread(io.BytesIO(sr)))
    (page,) = pages_of(
        build_pdf(read_report(io.BytesIO(sr)), study, facility_name=HOSPITAL, origin_name="Trạm Y tế mẫu")
    )
    assert "Chụp cắt lớp vi tính" in page
    assert "Trạm Y tế mẫu" in page
    (without_place,) = pages_of(build_pdf(read_report(io.BytesIO(sr)), study, facility_name=HOSPITAL))
    assert "Nơi chụp" not in without_place  # the institution of a structured report is the reader's


def test_all_fonts_that_are_used_are_embedded() -> None:
    reader = pypdf.PdfReader(io.BytesIO(a_sheet()))
    names = set()
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        named = font.get_object()
        if "OpenSans" in named["/BaseFont"]:
            names.add(str(named["/BaseFont"]))
            assert "/FontFile2" in named["/FontDescriptor"]
    assert len(names) == 4


# --- status, signatures, findings


def test_a_preliminary_sheet_says_so_at_the_top_and_on_every_page() -> None:
    report = a_report(
        ReportText(findings="Dòng.\n" * 120, conclusion="Nốt."), status=ReportStatus.PRELIMINARY, signatures=(TRAINEE,)
    )
    pages = pages_of(build_pdf(report, HEADER, facility_name=HOSPITAL))
    assert len(pages) > 1
    assert all("KẾT QUẢ SƠ BỘ – CHƯA ĐƯỢC DUYỆT" in page for page in pages)
    assert pages[0].count("KẾT QUẢ SƠ BỘ") == 2
    assert "BS. Lê Quang Đức" in pages[-1]
    assert "Số GPHN: 000777/TN-GPHN" in pages[-1]
    assert "BÁC SĨ DUYỆT" not in pages[-1]


def test_author_and_verifier_sign_side_by_side_with_their_licences() -> None:
    (page,) = pages_of(build_pdf(a_report(signatures=(TRAINEE, SENIOR)), HEADER, facility_name=HOSPITAL))
    for words in ("BÁC SĨ ĐỌC KẾT QUẢ", "BÁC SĨ DUYỆT KẾT QUẢ", TRAINEE.licence_number, SENIOR.licence_number):
        assert words in page
    assert "SƠ BỘ" not in page


def test_an_addendum_stands_above_the_report_which_is_repeated() -> None:
    added = Addendum(ReportText(conclusion="Nốt vôi hóa, lành tính."), (SENIOR,), SENIOR.at)
    report = a_report(status=ReportStatus.ADDENDUM, addenda=(added,), version=2)
    page = "\n".join(pages_of(build_pdf(report, HEADER, facility_name=HOSPITAL)))
    order = ["Bổ sung số 1", "Nốt vôi hóa, lành tính.", "Kết quả đã ký lúc 03:05 ngày 02/03/2025", "KẾT LUẬN"]
    places = [page.find(words) for words in (*order, a_report().text.conclusion)]
    assert -1 not in places
    assert places == sorted(places)


def test_answers_critical_findings_and_measurements_are_printed() -> None:
    text = ReportText(conclusion="Tràn khí.", answers=(("Có tràn khí không?", "Có, bên phải."),))
    report = a_report(text, criticals=CRITICALS, measurements=(a_mark(),))
    page = "\n".join(pages_of(build_pdf(report, HEADER, facility_name=HOSPITAL)))
    for words in (
        "1. Có tràn khí không?",
        "Có, bên phải.",
        "PHÁT HIỆN NGUY KỊCH",
        "BS. Trực, khoa Cấp cứu đã ghi nhận lúc 03:05 ngày 02/03/2025 qua điện",
        "đã đọc lại",
        "chưa có người ghi nhận khi ký",
        "SỐ ĐO",
        "12,3 mm",
    ):
        assert words in page, words


def a_picture(tmp_path: Path, *, marks: bool) -> Picture:
    ds = an_image(smooth(64, 48, frames=1), SOPInstanceUID="2.25.1002", SeriesNumber=3, InstanceNumber=7)
    file = tmp_path / "image.dcm"
    ds.save_as(file, enforce_file_format=True)
    return key_picture(file, "2.25.1002", (a_mark(),) if marks else (), "vi")


def test_key_images_are_printed_with_their_place_and_the_rest_is_counted(tmp_path: Path) -> None:
    picture = a_picture(tmp_path, marks=True)
    sheet = build_pdf(a_report(), HEADER, facility_name=HOSPITAL, pictures=[picture])
    page = "\n".join(pages_of(sheet))
    assert "Chuỗi 3 · ảnh 7" in page
    assert "Còn 1 ảnh được đánh dấu" in page
    shown = [image for p in pypdf.PdfReader(io.BytesIO(sheet)).pages for image in p.images]
    assert len(shown) == 1


def test_marks_are_drawn_on_the_picture_and_only_there(tmp_path: Path) -> None:
    plain, marked = (
        np.asarray(Image.open(io.BytesIO(a_picture(tmp_path, marks=marks).content)).convert("RGB"), np.int16)
        for marks in (False, True)
    )
    yellow = (marked[..., 0] > 180) & (marked[..., 1] > 150) & (marked[..., 2] < 120)
    assert yellow.sum() > 500
    assert not ((plain[..., 0] > 180) & (plain[..., 1] > 150) & (plain[..., 2] < 120)).any()


def test_equal_reports_give_equal_bytes_in_another_process() -> None:
    script = (
        "import hashlib, sys; from tests.unit.dicom.report.test_sheet import a_sheet, HEADER;"
        "from node.dicom.report.narrative import build_sr;"
        "from tests.unit.dicom.report.test_narrative import a_report, EVIDENCE;"
        "print(hashlib.sha256(a_sheet() + build_sr(a_report(), HEADER, EVIDENCE)).hexdigest())"
    )
    root = Path(__file__).resolve().parents[4]
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.fixture
def carrier(tmp_path: Path) -> Path:
    report = a_report()
    file = tmp_path / "sheet.dcm"
    file.write_bytes(encapsulate(a_sheet(), report, HEADER, sr_sop_instance_uid=report.sop_instance_uid))
    return file


def test_the_carrier_has_no_error(carrier: Path) -> None:
    assert dciodvfy(carrier) == []


def test_the_carrier_belongs_to_the_study_and_points_to_the_structured_report(carrier: Path) -> None:
    ds = pydicom.dcmread(carrier)
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"
    assert (ds.StudyInstanceUID, ds.SOPInstanceUID) == (STUDY_UID, twin_uid("2.25.2000"))
    assert ds.SeriesInstanceUID not in {"2.25.2001", "2.25.101"}
    assert ds.SourceInstanceSequence[0].ReferencedSOPInstanceUID == "2.25.2000"
    assert (ds.MIMETypeOfEncapsulatedDocument, ds.SpecificCharacterSet) == ("application/pdf", "ISO_IR 192")
    assert str(ds.PatientName) == "Nguyễn^Thị Mẫu"
    assert ds.ConceptNameCodeSequence[0].CodeValue == "18748-4"


@pytest.mark.parametrize("extra", [b"", b"\n"], ids=["even", "odd"])
def test_the_pdf_comes_out_as_it_went_in(extra: bytes, tmp_path: Path) -> None:
    pdf = a_sheet() + extra
    content = encapsulate(pdf, a_report(), HEADER, sr_sop_instance_uid="2.25.2000")
    file = tmp_path / "sheet.dcm"
    file.write_bytes(content)
    assert read_pdf(file) == pdf
    assert len(pydicom.dcmread(file).EncapsulatedDocument) % 2 == 0


def test_what_holds_no_pdf_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "report.dcm"
    file.write_bytes(build_sr(a_report(), HEADER, EVIDENCE))
    with pytest.raises(Unreadable):
        read_pdf(file)

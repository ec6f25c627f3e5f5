"""The words that are printed on a result sheet, by language."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "vi": {
        "title": "PHIẾU KẾT QUẢ CHẨN ĐOÁN HÌNH ẢNH",
        "department": "Khoa Chẩn đoán hình ảnh",
        "name": "Họ và tên",
        "born": "Ngày sinh",
        "age": "Tuổi",
        "sex": "Giới",
        "id": "Mã người bệnh",
        "accession": "Số phiếu",
        "referrer": "Bác sĩ chỉ định",
        "place": "Nơi chụp",
        "study": "Dịch vụ",
        "taken": "Thời điểm chụp",
        "signed": "Thời điểm ký",
        "M": "Nam",
        "F": "Nữ",
        "O": "Khác",
        "key_images": "Ảnh chính",
        "key_images_text": "{count} ảnh được đánh dấu, xem trên hệ thống lưu trữ hình ảnh (PACS).",
        "reader": "BÁC SĨ ĐỌC KẾT QUẢ",
        "confirmed": "Đã ký xác nhận trên hệ thống",
        "version": "Bản bổ sung số {version}, thay cho bản trước.",
        "day": "Ngày {d:02d} tháng {m:02d} năm {y}, {time}",
        "note": "Ý kiến hội chẩn từ xa có giá trị tham khảo; bác sĩ điều trị tại cơ sở chịu trách nhiệm quyết định.",
        "page": "Trang {page}/{pages}",
    },
    "en": {
        "title": "DIAGNOSTIC IMAGING REPORT",
        "department": "Department of Diagnostic Imaging",
        "name": "Name",
        "born": "Date of birth",
        "age": "Age",
        "sex": "Sex",
        "id": "Patient ID",
        "accession": "Accession",
        "referrer": "Referring physician",
        "place": "Performed at",
        "study": "Examination",
        "taken": "Performed on",
        "signed": "Signed at",
        "M": "Male",
        "F": "Female",
        "O": "Other",
        "key_images": "Key images",
        "key_images_text": "{count} marked, shown in the image archive (PACS).",
        "reader": "REPORTING RADIOLOGIST",
        "confirmed": "Signed in the reporting system",
        "version": "Addendum no. {version}, replaces the earlier version.",
        "day": "{d:02d}/{m:02d}/{y}, {time}",
        "note": "A remote opinion is advice; the treating physician at the facility decides and is responsible.",
        "page": "Page {page}/{pages}",
    },
}

MODALITIES: dict[str, dict[str, str]] = {
    "vi": {
        "CT": "Chụp cắt lớp vi tính",
        "MR": "Chụp cộng hưởng từ",
        "CR": "Chụp X-quang",
        "DX": "Chụp X-quang",
        "RF": "Chụp X-quang tăng sáng",
        "MG": "Chụp nhũ ảnh",
        "US": "Siêu âm",
        "XA": "Chụp mạch số hóa xóa nền",
        "NM": "Xạ hình",
        "PT": "Chụp PET",
    },
    "en": {
        "CT": "Computed tomography",
        "MR": "Magnetic resonance imaging",
        "CR": "Radiography",
        "DX": "Radiography",
        "RF": "Fluoroscopy",
        "MG": "Mammography",
        "US": "Ultrasound",
        "XA": "Angiography",
        "NM": "Nuclear medicine",
        "PT": "Positron emission tomography",
    },
}

AGE_UNITS: dict[str, dict[str, str]] = {
    "vi": {"Y": "tuổi", "M": "tháng", "W": "tuần", "D": "ngày"},
    "en": {"Y": "years", "M": "months", "W": "weeks", "D": "days"},
}

# storage SOP classes, by the start of their UID below 1.2.840.10008.5.1.4.1.1., for documents that are made from a
# structured report instead of an image; the longest start that fits counts
MODALITY_BY_CLASS: dict[str, str] = {
    "1": "CR",
    "1.1": "DX",
    "1.2": "MG",
    "2": "CT",
    "3.1": "US",
    "4": "MR",
    "6.1": "US",
    "6.2": "US",
    "12.1": "XA",
    "12.2": "RF",
    "13.1.3": "MG",
    "20": "NM",
    "128": "PT",
    "130": "PT",
}

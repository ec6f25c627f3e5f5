"""What may be written into an order: each field with its kind, its length and the headings under which files have it.

Headings are compared without accents, case, spaces and signs: "Họ và tên" is `hovaten`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from node.domain.order import LONG, SHORT


class Kind(Enum):
    NAME = auto()  # PN
    TEXT = auto()  # LO, SH
    PROSE = auto()  # LT: several lines
    LIST = auto()  # several LO, separated by ; or a line's end
    UID = auto()
    STATIONS = auto()
    BIRTH = auto()
    DATE = auto()
    TIME = auto()
    SEX = auto()
    MODALITY = auto()
    PRIORITY = auto()
    PREGNANCY = auto()
    WEIGHT = auto()


@dataclass(frozen=True, slots=True)
class FormField:
    name: str  # of `OrderText`
    kind: Kind
    longest: int
    headings: tuple[str, ...]
    required: bool = False


FIELDS: Final[tuple[FormField, ...]] = (
    FormField("patient_name", Kind.NAME, LONG, ("hovaten", "hoten", "tennguoibenh", "tenbenhnhan", "hotennguoibenh",
                                                "hotenbenhnhan", "benhnhan", "nguoibenh", "name", "patient"), required=True),
    FormField("patient_id", Kind.TEXT, LONG, ("manguoibenh", "mabenhnhan", "mabn", "manb", "pid", "mrn", "mayte"),
              required=True),
    FormField("issuer_of_patient_id", Kind.TEXT, LONG, ("noicapma", "issuer", "assigningauthority")),
    FormField("birth_date", Kind.BIRTH, 8, ("ngaysinh", "namsinh", "sinhngay", "dob", "birthday", "dateofbirth",
                                            "patientbirthdate", "birthyear")),
    FormField("sex", Kind.SEX, 1, ("gioitinh", "gioi", "gender", "patientsex")),
    FormField("accession_number", Kind.TEXT, SHORT, ("sochidinh", "machidinh", "sophieu", "maphieu", "accession",
                                                     "accessionno", "ordernumber")),
    FormField("procedure_id", Kind.TEXT, SHORT, ("mayeucau", "requestedprocedureid")),
    FormField("procedure_description", Kind.TEXT, LONG, ("chidinh", "dichvu", "tendichvu", "kythuat", "tenkythuat",
                                                         "yeucau", "noidungyeucau", "procedure", "exam", "examination",
                                                         "study", "studydescription", "description",
                                                         "requestedproceduredescription")),
    FormField("procedure_code", Kind.TEXT, SHORT, ("madichvu", "madvkt", "makythuat", "code", "examcode")),
    FormField("procedure_code_scheme", Kind.TEXT, SHORT, ("bangma", "codingscheme", "scheme")),
    FormField("step_id", Kind.TEXT, SHORT, ("mabuoc", "scheduledprocedurestepid", "spsid")),
    FormField("step_description", Kind.TEXT, LONG, ("buocchup", "protocol", "scheduledprocedurestepdescription")),
    FormField("modality", Kind.MODALITY, SHORT, ("loaimay", "loai", "may", "phuongthuc"), required=True),
    FormField("stations", Kind.STATIONS, 512, ("maychup", "tenmay", "aetitle", "ae", "stationae", "station", "phong",
                                               "maythuchien", "scheduledstationaetitle")),
    FormField("scheduled_date", Kind.DATE, 8, ("ngayhen", "ngaychup", "ngaythuchien", "ngay", "date", "examdate",
                                               "scheduledprocedurestepstartdate")),
    FormField("scheduled_time", Kind.TIME, 6, ("giohen", "giochup", "giothuchien", "gio", "time", "examtime",
                                               "scheduledprocedurestepstarttime")),
    FormField("performing_physician", Kind.NAME, LONG, ("bacsithuchien", "nguoithuchien", "performer",
                                                        "scheduledperformingphysicianname")),
    FormField("referring_physician", Kind.NAME, LONG, ("bacsichidinh", "bschidinh", "nguoichidinh", "bacsi",
                                                       "requestingphysician", "referringphysicianname", "orderedby")),
    FormField("reason", Kind.PROSE, 1024, ("lydo", "chandoan", "chandoanlamsang", "chandoansobo", "cauhoi",
                                           "clinicalquestion", "indication", "diagnosis",
                                           "reasonfortherequestedprocedure")),
    FormField("location", Kind.TEXT, LONG, ("khoa", "khoaphong", "buong", "giuong", "noichidinh", "khoachidinh", "ward",
                                            "department", "currentpatientlocation")),
    FormField("priority", Kind.PRIORITY, SHORT, ("uutien", "mucuutien", "dokhan", "urgency", "requestedprocedurepriority")),
    FormField("weight", Kind.WEIGHT, 16, ("cannang", "cannangkg", "weightkg", "patientweight")),
    FormField("pregnancy", Kind.PREGNANCY, SHORT, ("thai", "cothai", "mangthai", "tinhtrangthai", "pregnant",
                                                   "pregnancystatus")),
    FormField("allergies", Kind.LIST, 1024, ("diung", "tiensudiung", "allergy")),
    FormField("alerts", Kind.LIST, 1024, ("canhbao", "luuy", "medicalalerts", "alert")),
    FormField("study_uid", Kind.UID, LONG, ("studyinstanceuid", "uid")),
)  # fmt: skip

SEXES: Final = {  # 1, 2, 3 are those of the insurance's files
    "m": "M", "nam": "M", "male": "M", "1": "M",
    "f": "F", "nu": "F", "female": "F", "2": "F",
    "o": "O", "khac": "O", "other": "O", "3": "O", "khongro": "O", "chuaxacdinh": "O",
}  # fmt: skip

PRIORITIES: Final = {
    "thuongquy": "routine", "thuong": "routine", "binhthuong": "routine", "routine": "routine", "low": "routine",
    "medium": "routine", "normal": "routine", "r": "routine",
    "khan": "urgent", "uutien": "urgent", "urgent": "urgent", "high": "urgent", "asap": "urgent",
    "capcuu": "emergency", "emergency": "emergency", "stat": "emergency", "s": "emergency",
}  # fmt: skip

PREGNANCIES: Final = {
    "khong": "no", "no": "no", "1": "no", "n": "no",
    "cothe": "possible", "nghingo": "possible", "possible": "possible", "possibly": "possible", "2": "possible",
    "co": "yes", "yes": "yes", "3": "yes", "y": "yes", "definitely": "yes",
    "khongro": "unknown", "unknown": "unknown", "4": "unknown",
}  # fmt: skip

MODALITIES: Final = {  # what people write instead of the defined terms of PS3.3 C.7.3.1.1.1
    "xquang": "DX", "xq": "DX", "dr": "DX", "xray": "DX", "xquangkythuatso": "DX",
    "sieuam": "US", "sa": "US", "ultrasound": "US",
    "ctscanner": "CT", "ctscan": "CT", "clvt": "CT", "catlopvitinh": "CT", "chupcatlopvitinh": "CT",
    "mri": "MR", "cht": "MR", "conghuongtu": "MR", "chupconghuongtu": "MR",
    "nhuanh": "MG", "xquangvu": "MG", "mammo": "MG", "mammography": "MG",
    "dsa": "XA", "chupmach": "XA", "noisoi": "ES", "dientim": "ECG", "petct": "PT", "domatdoxuong": "BMD",
}  # fmt: skip

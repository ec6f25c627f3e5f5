"""The demonstration's registry: real hospitals of the Thái Nguyên registration list, with made-up codes (`DEMO-…`)."""

from __future__ import annotations

from typing import Any

DISTRICT = "DEMO-DINHHOA"
HUB = "DEMO-TWTN"
DISTRICT_AE = "TTYT_DINHHOA"
HUB_AE = "BVTW_THAINGUYEN"
PACS_AE = "PACS_DINHHOA"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"  # stays here: the origin makes its own with the patient's name

_UPPER = {
    "DEMO-BACHMAI": "Bệnh viện Bạch Mai",
    "DEMO-NHITW": "Bệnh viện Nhi Trung ương",
    "DEMO-TIMHN": "Bệnh viện Tim Hà Nội",
    "DEMO-UBHN": "Bệnh viện Ung bướu Hà Nội",
    "DEMO-VIETDUC": "Bệnh viện Hữu nghị Việt Đức",
    "DEMO-QD108": "Bệnh viện Trung ương Quân đội 108",
    "DEMO-NOITIET": "Bệnh viện Nội tiết Trung ương",
    "DEMO-NHIETDOI": "Bệnh viện Bệnh Nhiệt đới Trung ương",
    "DEMO-PHUSAN": "Bệnh viện Phụ sản Trung ương",
    "DEMO-HHTM": "Viện Huyết học – Truyền máu Trung ương",
    "DEMO-K": "Bệnh viện K",
    "DEMO-E": "Bệnh viện E",
    "DEMO-TMH": "Bệnh viện Tai Mũi Họng Trung ương",
    "DEMO-RHM": "Bệnh viện Răng Hàm Mặt Trung ương",
    "DEMO-DHYHN": "Bệnh viện Đại học Y Hà Nội",
    HUB: "Bệnh viện Trung ương Thái Nguyên",
}

_LOWER: dict[str, tuple[str, str, tuple[str, ...]]] = {  # code: (name, tier, registered with)
    "DEMO-BVC": ("Bệnh viện C Thái Nguyên", "province", ("BACHMAI", "NHITW", "TIMHN", "UBHN", "VIETDUC", "QD108")),
    "DEMO-GANGTHEP": (
        "Bệnh viện Gang thép",
        "province",
        ("NOITIET", "BACHMAI", "NHIETDOI", "VIETDUC", "PHUSAN", "NHITW", "HHTM", "TIMHN", "UBHN"),
    ),
    "DEMO-BVA": (
        "Bệnh viện A Thái Nguyên",
        "province",
        ("BACHMAI", "VIETDUC", "PHUSAN", "NHITW", "NHIETDOI", "K", "E", "HHTM", "NOITIET", "TMH", "RHM", "TWTN"),
    ),
    DISTRICT: ("BVĐK huyện Định Hóa", "district", ("BACHMAI", "VIETDUC", "TWTN", "DHYHN", "UBHN")),
    "DEMO-DAITU": ("BVĐK huyện Đại Từ", "district", ("BACHMAI", "VIETDUC", "NHITW", "K", "TWTN")),
    "DEMO-VONHAI": ("TTYT huyện Võ Nhai", "district", ("BACHMAI", "VIETDUC", "UBHN", "TWTN")),
    "DEMO-DONGHY": ("TTYT huyện Đồng Hỷ", "district", ("BACHMAI", "NHIETDOI", "TWTN", "E")),
    "DEMO-PHUBINH": (
        "BVĐK huyện Phú Bình",
        "district",
        ("BACHMAI", "VIETDUC", "PHUSAN", "TIMHN", "UBHN", "NHITW", "NHIETDOI", "TWTN"),
    ),
    "DEMO-PHCN": ("BV Phục hồi chức năng Thái Nguyên", "province", ("TWTN",)),
    "DEMO-QUOCTE": ("BV Quốc tế Thái Nguyên", "province", ("TWTN",)),
    "DEMO-YENBINH": ("BVĐK Yên Bình Thái Nguyên", "province", ("TWTN",)),
    "DEMO-LAOPHOI": ("BV Lao và Bệnh phổi Thái Nguyên", "province", ("TWTN",)),
    "DEMO-PHULUONG": ("TTYT Phú Lương", "district", ("TWTN",)),
}

_TIERS = [
    {"code": "commune", "rank": 1, "name": "Tuyến xã"},
    {"code": "district", "rank": 2, "name": "Tuyến huyện"},
    {"code": "province", "rank": 3, "name": "Tuyến tỉnh"},
    {"code": "central", "rank": 4, "name": "Tuyến trung ương"},
]

CONSULT_PROFILE = {
    "code": "consult",
    "name": "Bản hội chẩn (giả danh)",
    "options": ["rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt"],
    "burned_in": "mask",
}


def _facilities() -> list[dict[str, Any]]:
    upper = [{"code": c, "name": n, "tier": "central"} for c, n in _UPPER.items()]
    lower = [
        {"code": c, "name": n, "tier": tier, "reads_at": [f"DEMO-{u}" for u in at]}
        for c, (n, tier, at) in _LOWER.items()
    ]
    return upper + lower


def _when(**conditions: list[str]) -> list[dict[str, Any]]:
    return [{"field": name, "any_of": values} for name, values in conditions.items()]


def _modalities() -> list[dict[str, Any]]:
    """The lower tier's machines: each sends images, asks its worklist and reports what it did. The old one reads no UTF-8."""
    return [
        {
            "code": code.lower(),
            "kind": "dicom",
            "facility": DISTRICT,
            "name": name,
            "ae_title": code,
            "services": ["store", "worklist", "procedure-step", "commitment"],
            **more,
        }
        for code, name, more in (
            ("CT1", "Máy CT 16 dãy", {}),
            ("DX1", "X-quang phòng 1", {}),
            ("US1", "Máy siêu âm", {"charset": "ISO_IR 100", "worklist_any_station": True}),
        )
    ]


def _workstation() -> dict[str, Any]:
    """Searches and fetches by DICOM; may be any program on this machine that calls itself WS1."""
    return {
        "code": "ws1",
        "kind": "dicom",
        "facility": DISTRICT,
        "name": "Máy trạm phòng đọc",
        "ae_title": "WS1",
        "services": ["find", "retrieve"],
    }


def district_registry(*, hub_url: str, pacs_port: int, quiet_seconds: float) -> dict[str, Any]:
    """The lower tier's registry document: images go up pseudonymised, reports come home into the PACS."""
    return {
        "accept_unknown_callers": True,
        "tiers": _TIERS,
        "facilities": _facilities(),
        "peers": [
            {
                "code": "hub",
                "kind": "node",
                "facility": HUB,
                "name": _UPPER[HUB],
                "url": hub_url,
                "token_file": "hub.token",
            },
            {
                "code": "pacs",
                "kind": "dicom",
                "facility": DISTRICT,
                "name": "PACS Định Hóa",
                "ae_title": PACS_AE,
                "host": "127.0.0.1",
                "port": pacs_port,
                "services": [],
            },
            *_modalities(),
            _workstation(),
        ],
        "profiles": [CONSULT_PROFILE],
        "routes": [
            {
                "code": "up",
                "name": "Gửi lên tuyến trên",
                "when": _when(via=["dimse", "stow"]),
                "action": "forward",
                "to": ["hub"],
                "identity": "pseudonymise",
                "profile": "consult",
                "compression": "htj2k",
                "quiet_seconds": quiet_seconds,
            },
            {"code": "home", "name": "Kết quả trở về", "when": _when(via=["link"]), "action": "homecoming"},
            {
                "code": "pacs",
                "name": "Kết quả vào PACS",
                "when": _when(via=["home"]),
                "action": "forward",
                "to": ["pacs"],
            },
        ],
    }


def hub_registry(*, district_token_sha256: str, quiet_seconds: float) -> dict[str, Any]:
    """The upper tier's registry document: what comes is read here, reports return to where the images came from."""
    return {
        "accept_unknown_callers": True,
        "tiers": _TIERS,
        "facilities": _facilities(),
        "peers": [
            {
                "code": "dinhhoa",
                "kind": "node",
                "facility": DISTRICT,
                "name": _LOWER[DISTRICT][0],
                "token_sha256": district_token_sha256,
            }
        ],
        "profiles": [],
        "routes": [
            {
                "code": "read",
                "name": "Đọc tại đây",
                "when": _when(via=["link", "dimse", "stow"]),
                "action": "read",
                "quiet_seconds": quiet_seconds,
            },
            {
                "code": "return",
                "name": "Trả kết quả về nơi gửi",
                "when": [*_when(via=["desk"]), {"field": "sop_class", "any_of": [ENCAPSULATED_PDF], "negate": True}],
                "action": "return",
            },
        ],
    }

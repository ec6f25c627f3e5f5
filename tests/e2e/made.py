"""Images that show what the real ones leave out: each way from values to grey levels that PS3.3 C.11 knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from tests.images import an_image, saved, smooth

_GREY = smooth(96, 80, top=4000)
_SIGNED = smooth(96, 80, dtype="int16", top=4000)


def _table(count: int, begin: int, bits: int, keyword: str) -> dict[str, Any]:
    item = Dataset()
    item.add_new(0x00283002, "SS" if begin < 0 else "US", [count, begin, bits])
    item.ModalityLUTType = "US"
    curve = np.sqrt(np.linspace(0, 1, count)) * (2**bits - 1)
    item.add_new(0x00283006, "OW", np.rint(curve).astype("<u2").tobytes())
    return {keyword: [item]}


_HU = {"RescaleSlope": "1", "RescaleIntercept": "-1024"}
_MADE: dict[str, tuple[Any, dict[str, Any]]] = {
    "sigmoid": (_GREY, {"WindowCenter": "1500", "WindowWidth": "900", "VOILUTFunction": "SIGMOID"}),
    "sigmoid-signed": (_SIGNED, {"WindowCenter": "100", "WindowWidth": "700", "VOILUTFunction": "SIGMOID", **_HU}),
    "exact": (_GREY, {"WindowCenter": "200.5", "WindowWidth": "9", "VOILUTFunction": "LINEAR_EXACT"}),
    "exact-narrow": (_GREY, {"WindowCenter": "1000", "WindowWidth": "0.5", "VOILUTFunction": "LINEAR_EXACT"}),
    "one": (_GREY, {"WindowCenter": "1000", "WindowWidth": "1"}),
    "two-windows": (_GREY, {"WindowCenter": ["40", "600"], "WindowWidth": ["80", "1600"], **_HU}),
    "fraction": (
        _SIGNED,
        {"WindowCenter": "-3.5", "WindowWidth": "88.25", "RescaleSlope": "0.37", "RescaleIntercept": "-12.5"},
    ),
    "voi-table": (_GREY, _table(2048, 300, 12, "VOILUTSequence")),
    "voi-table-inverted": (_GREY, _table(1500, 0, 10, "VOILUTSequence") | {"PhotometricInterpretation": "MONOCHROME1"}),
    "voi-table-hu": (_GREY, _table(2048, -1000, 16, "VOILUTSequence") | _HU),
    "modality-table": (_GREY, _table(3000, 100, 16, "ModalityLUTSequence")),
    "modality-table-window": (
        _SIGNED,
        _table(3000, -500, 16, "ModalityLUTSequence") | {"WindowCenter": "30000", "WindowWidth": "20000"},
    ),
    "padding-range": (
        _GREY,
        {
            "PixelPaddingValue": 0,
            "PixelPaddingRangeLimit": 300,
            "PhotometricInterpretation": "MONOCHROME1",
            "WindowCenter": "1200",
            "WindowWidth": "2000",
        },
    ),
    "padding-bright": (_GREY, {"PixelPaddingValue": 1200, "WindowCenter": "1000", "WindowWidth": "500"}),
    "padding-no-window": (_SIGNED, {"PixelPaddingValue": int(_SIGNED.min()), **_HU}),
    "no-window": (_GREY, {}),
    "no-window-8": (smooth(50, 40, dtype="uint8", top=90), {}),
    "cine": (smooth(40, 48, top=900, frames=7), {"WindowCenter": "400", "WindowWidth": "800"}),
}


def make_images(folder: Path) -> list[Path]:
    """One file for each; their names say what they are about."""
    paths = []
    for number, (name, (frames, more)) in enumerate(_MADE.items()):
        ds = an_image(frames, **more)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(f"2.25.77.{number}")
        paths.append(saved(ds, folder, f"made-{name}.dcm"))
    return paths

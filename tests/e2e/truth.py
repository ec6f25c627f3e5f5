"""What each pixel of a real image must look like, by pydicom's own modality and VOI functions; and a node that holds them all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array

from node.dicom.dataset import dataset_digest, json_metadata, read_dataset_header, read_header
from node.dicom.image import describe
from node.domain.study import Arrival, InstanceHeader, Via
from node.errors import NodeError
from node.ledger import studies
from tests.flow.loop import wait_for
from tests.real.images import as_pydicom_reads
from tests.real.test_display_real import decoded_here
from tests.web.world import World

Samples = NDArray[Any]

STUDY = "2.25.4242"
_SPACINGS = frozenset({"00280030", "00181164", "00280034", "00182010", "00289110"})


@dataclass(frozen=True)
class Held:
    """One real object in the node, under UIDs of its own: many files of the collection share theirs."""

    path: Path
    study: str
    series: str
    rows: int
    columns: int
    frames: int


def keep(world: World, paths: list[Path], study: str = STUDY) -> tuple[list[Held], dict[Path, str]]:
    """Puts the images into the node's index and storage; returns them, and why others cannot be in a node at all.

    Distances play no part here, so pixels are made square: each is one pixel of the screen.
    """
    held, refused = [], {}
    with world.node.ledger.begin() as tx:
        for number, path in enumerate(paths):
            series = f"{study}.{number}"
            try:
                header = _header(path, study, series)
            except NodeError as error:
                refused[path] = error.message
                continue
            if not header.rows or not header.columns:
                continue
            metadata = _square(header.metadata) | {
                "00080018": {"vr": "UI", "Value": [f"{series}.1"]},
                "0020000D": {"vr": "UI", "Value": [study]},
                "0020000E": {"vr": "UI", "Value": [series]},
            }
            header = replace(
                header,
                study_instance_uid=study,
                series_instance_uid=series,
                sop_instance_uid=f"{series}.1",
                metadata=metadata,
            )
            arrival = Arrival(Via.DIMSE, world.clock.now(), facility="DEMO-DH")
            studies.add_instance(tx, header, arrival, name_key="", shadow=False, packed=studies.pack(metadata))
            world.node.storage.adopt([(path, header.digest)])
            held.append(Held(path, study, series, header.rows, header.columns, header.frames))
    return held, refused


def _header(path: Path, study: str, series: str) -> InstanceHeader:
    """Of an object that lacks UIDs, too: no node takes those in, but their pixels are as good as others."""
    try:
        return read_header(path)
    except NodeError:
        model = json_metadata(read_dataset_header(path))
        how = describe(model)
        return InstanceHeader(
            sop_instance_uid=f"{series}.1",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            study_instance_uid=study,
            series_instance_uid=series,
            digest=dataset_digest(path),
            size=path.stat().st_size,
            rows=how.rows if how else 0,
            columns=how.columns if how else 0,
            frames=how.frames if how else 1,
            metadata=model,
        )


def _square(model: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for tag, element in model.items():
        if tag in _SPACINGS:
            continue
        if element.get("vr") == "SQ":
            element = {**element, "Value": [_square(item) for item in element.get("Value") or []]}
        result[tag] = element
    return result


@contextmanager
def serving(world: World) -> Iterator[str]:
    """The node's web application on a free port."""
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started, 20, "the web application serves")
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    world.app.state.changes.close()
    server.should_exit = True
    thread.join(20)


# --- what must be seen ------------------------------------------------------------------------------------------------


def expected(path: Path, index: int) -> Samples:
    """Frame `index` as levels 0…255, (rows, columns) or (rows, columns, 3).

    Samples are pydicom's; where it has no decoder here, those of `imagecodecs`. `NodeError` when neither can.
    """
    header = dcmread(path, force=True, stop_before_pixels=True)
    if int(header.get("SamplesPerPixel", 1) or 1) > 1 or header.get("PhotometricInterpretation") == "PALETTE COLOR":
        coloured = as_pydicom_reads(path, index)
        return decoded_here(path, index) if coloured is None else coloured
    try:
        stored = pixel_array(path, index=index)
    except Exception:  # pydicom raises whatever its parsers and plugins meet
        stored = decoded_here(path, index)
    flat = flattened(header, index)
    values = np.asarray(apply_modality_lut(stored, flat), np.float64)
    if "DoseGridScaling" in header:
        values = values * float(header.DoseGridScaling)
    empty = padding(stored, flat)
    levels = voi(values, flat, stored, empty)
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        levels = 255.0 - levels
    levels[empty] = 0.0  # PS3.3 C.7.5.1.1.2: padding is no image: it is not windowed, and the background is black
    return levels


def flattened(header: Dataset, index: int) -> Dataset:
    """The header with what its functional groups say of the frame on top, where pydicom's functions look (PS3.3 C.7.6.16)."""
    flat = Dataset()
    flat.update(header)
    flat.set_original_encoding(*header.original_encoding)
    for keyword, at in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", index)):
        items = header.get(keyword) or []
        if at < len(items):
            for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
                for item in items[at].get(name) or []:
                    flat.update(item)
    return flat


def padding(stored: Samples, flat: Dataset) -> NDArray[np.bool_]:
    value = flat.get("PixelPaddingValue")
    if value is None or stored.dtype.kind not in "iu" or stored.dtype.itemsize > 2 or flat.BitsAllocated == 1:
        return np.zeros(stored.shape, bool)
    limit = flat.get("PixelPaddingRangeLimit", value)
    low, high = sorted(
        int(np.array(v & 0xFFFF, "u2").view("i2") if stored.dtype.kind == "i" else v) for v in (value, limit)
    )
    return (stored >= low) & (stored <= high)


def voi(values: Samples, flat: Dataset, stored: Samples, empty: NDArray[np.bool_]) -> Samples:
    """pydicom's first VOI LUT or window, on 0…255. Without one: all that eight bits can say, else from the least to the
    greatest value of the frame that is not padding."""
    if flat.get("VOILUTSequence"):
        table = flat.VOILUTSequence[0]
        looked_up = apply_voi_lut(np.rint(values).astype(int), flat)
        return np.asarray(looked_up * (255.0 / ((1 << table.LUTDescriptor[2]) - 1)))
    if windowed(flat):
        if "BitsStored" not in flat:  # floating values: pydicom's windows want the bits of integers
            width, centre = (float(np.atleast_1d(flat[k].value)[0]) for k in ("WindowWidth", "WindowCenter"))
            return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) * 255.0
        low, high = output_range(flat)
        return (np.asarray(apply_voi_lut(values, flat), float) - low) * (255.0 / (high - low))
    rescaled = (float(flat.get("RescaleSlope", 1) or 1), float(flat.get("RescaleIntercept", 0) or 0)) != (1.0, 0.0)
    if (
        stored.dtype.kind == "u"
        and flat.get("BitsStored", 16) <= 8
        and not rescaled
        and "ModalityLUTSequence" not in flat
    ):
        return values * (255.0 / ((1 << int(flat.BitsStored)) - 1))
    counted = values[~empty & np.isfinite(values)]
    low, high = (float(counted.min()), float(counted.max())) if counted.size else (0.0, 1.0)
    if high == low:
        return np.where(values > low, 255.0, 0.0)
    return np.clip((values - low) / (high - low), 0, 1) * 255.0


def windowed(flat: Dataset) -> bool:
    try:
        width = flat.WindowWidth
        width = width[0] if hasattr(width, "__getitem__") else width
        least = 1.0 if flat.get("VOILUTFunction", "LINEAR") == "LINEAR" else 1e-6
        return flat.WindowCenter is not None and float(width) >= least
    except (AttributeError, TypeError, ValueError, IndexError):
        return False


def output_range(flat: Dataset) -> tuple[float, float]:
    """Between what pydicom's windows put their results (its `apply_windowing`)."""
    if flat.get("ModalityLUTSequence"):
        return 0.0, float(2 ** flat.ModalityLUTSequence[0].LUTDescriptor[2] - 1)
    bits = flat.BitsStored
    low, high = (0.0, 2.0**bits - 1) if flat.PixelRepresentation == 0 else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    if flat.get("RescaleSlope") is not None and flat.get("RescaleIntercept") is not None:
        slope, intercept = float(flat.RescaleSlope), float(flat.RescaleIntercept)
        low, high = low * slope + intercept, high * slope + intercept
    return low, high

"""Prepared frames: exact prefixes out of the stored file, or out of a pack of our own."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from node.dicom import htj2k
from node.dicom.display_frames import display_frame, pack_table, stored_table, write_pack
from node.dicom.pixels import Frames
from node.dicom.transcode import compress
from node.domain.route import Compression
from node.errors import Unreadable
from tests.images import a_coded_image, an_image, saved, smooth

RPCL = "1.2.840.10008.1.2.4.202"


def for_streaming(tmp_path: Path, frames: int = 3) -> Path:
    ds = an_image(smooth(300, 200, dtype="int16", frames=frames))
    compress(ds, Compression.HTJ2K)
    return saved(ds, tmp_path)


def test_stored_frames_are_read_in_place(tmp_path: Path) -> None:
    path = for_streaming(tmp_path)
    table = stored_table(path)
    assert table is not None
    with Frames.open(path) as frames:
        for index in range(3):
            whole = frames.stored(index)
            assert table.read(index) == whole
            for reduction in range(1, 6):
                cut = table.read(index, reduction)
                assert whole.startswith(cut)
                assert cut + table.read(index, 0, reduction) == whole
                reduced = imagecodecs.htj2k_decode(cut, skipres=reduction, resilient=True)
                assert np.array_equal(reduced, imagecodecs.htj2k_decode(whole, skipres=reduction))


def test_what_is_stored_otherwise_is_not_read_in_place(tmp_path: Path) -> None:
    frames = smooth(64, 64)
    plain = imagecodecs.htj2k_encode(frames[0], reversible=True)
    assert stored_table(saved(an_image(frames), tmp_path, "native.dcm")) is None
    assert stored_table(saved(a_coded_image(frames, RPCL, [plain]), tmp_path, "plain.dcm")) is None


def test_a_pack_holds_what_would_be_coded_now(tmp_path: Path) -> None:
    path = saved(an_image(smooth(120, 90, frames=4)), tmp_path)
    write_pack(path, tmp_path / "pack")
    table = pack_table(tmp_path / "pack")
    for index in range(4):
        assert table.read(index) == display_frame(path, index + 1).content
        assert table.read(index, 2) == display_frame(path, index + 1, resolution=2).content


def test_colours_are_coded_without_loss(tmp_path: Path) -> None:
    grey = smooth(60, 50, dtype="uint8", top=200)
    rgb = np.stack([grey, grey // 2, 200 - grey], axis=-1)
    path = saved(an_image(rgb), tmp_path)
    write_pack(path, tmp_path / "pack")
    assert np.array_equal(htj2k.decode(pack_table(tmp_path / "pack").read(0)), rgb[0])


@pytest.mark.parametrize("at", [3, 40, -3])
def test_a_damaged_pack_is_noticed(at: int, tmp_path: Path) -> None:
    write_pack(saved(an_image(smooth(120, 90)), tmp_path), tmp_path / "pack")
    content = bytearray((tmp_path / "pack").read_bytes())
    content[at] ^= 0x10
    (tmp_path / "pack").write_bytes(content)
    with pytest.raises(Unreadable, match="damaged"):
        pack_table(tmp_path / "pack").read(0)


def test_a_pack_that_lost_its_end_is_noticed(tmp_path: Path) -> None:
    write_pack(saved(an_image(smooth(120, 90)), tmp_path), tmp_path / "pack")
    (tmp_path / "pack").write_bytes((tmp_path / "pack").read_bytes()[:-200])
    with pytest.raises(Unreadable, match="damaged"):
        pack_table(tmp_path / "pack").read(0)


def test_a_frame_that_cannot_be_decoded_leaves_the_others(tmp_path: Path) -> None:
    frames = smooth(64, 64, frames=2)
    coded = [imagecodecs.jpeg2k_encode(frames[0], reversible=True, codecformat="j2k"), b"\xff\x4f\xff\x51junk"]
    write_pack(saved(a_coded_image(frames, "1.2.840.10008.1.2.4.90", coded), tmp_path), tmp_path / "pack")
    table = pack_table(tmp_path / "pack")
    assert np.array_equal(htj2k.decode(table.read(0)), frames[0])
    assert table.read(1) == b""

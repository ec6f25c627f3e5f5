"""The stream that brings a series to the viewer."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread

from node.dicom import htj2k
from node.domain.job import Job
from node.flow.prepare import PrepareStage, prepared_files
from node.web.frames import first_reduction, preview_reduction
from node.web.stream import HEAD, MAGIC, Kind, middle_out
from tests.images import smooth
from tests.web.world import STUDY, World, ct

SERIES = f"{STUDY}.1"
AT = f"/api/display/studies/{STUDY}"
Record = tuple[Kind, int, int, int, bytes]


def slice_of(number: int, side: int = 256) -> bytes:
    samples = smooth(side, side, dtype="uint16", top=3000)[0] + number
    return ct(number, Rows=side, Columns=side, PixelData=samples.tobytes())


def a_series(world: World, count: int = 7, side: int = 256) -> list[np.ndarray[Any, Any]]:
    files = [slice_of(number, side) for number in range(1, count + 1)]
    world.receive(*files)
    return [dcmread(io.BytesIO(file)).pixel_array for file in files]


def records(content: bytes) -> Iterator[Record]:
    assert content.startswith(MAGIC)
    at = len(MAGIC)
    while at < len(content):
        kind, reduction, _, index, offset, length = HEAD.unpack_from(content, at)
        at += HEAD.size
        yield Kind(kind), reduction, index, offset, content[at : at + length]
        at += length


def test_the_previews_come_from_the_middle_outwards(world: World) -> None:
    samples = a_series(world)
    answer = world.client("bs").get(f"{AT}/series/{SERIES}/previews", params={"from": 3})
    *frames, end = records(answer.content)
    assert end[0] is Kind.END
    assert [index for _, _, index, _, _ in frames] == [3, 4, 2, 5, 1, 6, 0]
    for kind, reduction, index, offset, content in frames:
        assert (kind, reduction, offset) == (Kind.HTJ2K, 1, 0)
        whole = htj2k.encode(samples[index])
        assert whole.startswith(content)
        reduced = imagecodecs.htj2k_decode(content, skipres=1, resilient=True)
        assert np.array_equal(reduced, imagecodecs.htj2k_decode(whole, skipres=1))


def test_an_opening_brings_the_metadata_and_the_first_image_up_to_full_size(world: World) -> None:
    samples = a_series(world)
    answer = world.client("bs").get(f"{AT}/opening")
    assert answer.headers["cache-control"] == "no-store"
    (kind, *_, packed), small, rest, *previews, end = records(answer.content)
    opened = json.loads(gzip.decompress(packed))
    assert (kind, end[0]) == (Kind.METADATA, Kind.END)
    assert (opened["series"], opened["first"], opened["frames"]) == (SERIES, 3, 7)
    assert len(opened["metadata"]) == 7
    assert [(r[1], r[2]) for r in (small, rest)] == [(1, 3), (0, 3)]
    assert rest[3] == len(small[4])
    assert np.array_equal(htj2k.decode(small[4] + rest[4]), samples[3])
    assert sorted(r[2] for r in previews) == [0, 1, 2, 4, 5, 6]


def test_a_large_image_comes_step_by_step(world: World) -> None:
    world.receive(slice_of(1, 1600))
    steps = list(records(world.client("bs").get(f"{AT}/series/{SERIES}/opening").content))[1:-1]
    assert [reduction for _, reduction, *_ in steps] == [2, 1, 0]
    assert [offset for *_, offset, _ in steps] == [0, len(steps[0][4]), len(steps[0][4]) + len(steps[1][4])]


def test_the_rest_of_a_frame_follows_its_preview(world: World) -> None:
    samples = a_series(world, 1)
    address = f"{AT}/series/{SERIES}/instances/{SERIES}.1/frames/1"
    client = world.client("bs")
    small, rest = client.get(address, params={"res": 2}).content, client.get(address, params={"after": 2}).content
    assert small + rest == client.get(address).content
    assert np.array_equal(htj2k.decode(small + rest), samples[0])


def test_what_cannot_be_read_is_left_out_of_the_stream_and_explained_alone(world: World) -> None:
    broken = ct(2, Rows=256, Columns=256, PixelData=bytes(100))
    world.receive(slice_of(1), broken, slice_of(3))
    client = world.client("bs")
    found = [r[2] for r in records(client.get(f"{AT}/series/{SERIES}/previews").content) if r[0] is Kind.HTJ2K]
    assert found == [0, 2]
    alone = client.get(f"{AT}/series/{SERIES}/instances/{SERIES}.2/frames/1")
    assert alone.status_code >= 400
    assert alone.json()["detail"]


def test_a_study_without_images_has_no_opening(world: World) -> None:
    assert world.client("bs").get(f"{AT}/opening").status_code == 404
    assert world.client("").get(f"{AT}/opening").status_code == 401


def test_a_study_is_prepared_before_it_is_opened_and_a_damaged_pack_is_made_anew(world: World) -> None:
    samples = a_series(world, 3)
    job = Job(1, "prepare", STUDY, {}, 0, 90, 0, "")
    stage = PrepareStage()
    progress = stage.work(job, world.node)
    assert (progress.done, progress.left, progress.held_up) == (3, 0, False)
    assert not list(stage.settle(None, job, progress, world.node))
    packs = list((world.node.settings.node.directory / "display").glob("??/*"))
    assert len(packs) == 3
    for pack in packs:
        content = bytearray(pack.read_bytes())
        content[-4000] ^= 0xFF
        pack.write_bytes(content)
    found = list(records(world.client("bs").get(f"{AT}/opening").content))
    first = b"".join(content for kind, _, index, _, content in found if kind is Kind.HTJ2K and index == 0)
    assert np.array_equal(htj2k.decode(first), samples[0])
    assert prepared_files(world.node).find(packs[0].stem) is not None


@pytest.mark.parametrize(
    ("longest", "frames", "expected"),
    [
        (512, 400, 128),
        (256, 60, 128),
        (128, 60, 128),
        (1024, 200, 128),
        (3072, 1, 768),
        (2457, 60, 308),
        (4096, 4, 512),
    ],
)
def test_previews_are_small_and_useful(longest: int, frames: int, expected: int) -> None:
    assert -(-longest // 2 ** preview_reduction(longest, frames)) == expected
    assert -(-longest // 2 ** first_reduction(longest, frames)) <= 400


def test_every_frame_comes_once() -> None:
    for count in (1, 2, 9):
        for first in range(count):
            assert sorted(middle_out(count, first)) == list(range(count))

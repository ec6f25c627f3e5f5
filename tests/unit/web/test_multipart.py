"""The multipart parser, however the body is cut."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Invalid
from node.web.multipart import MAX_HEADERS, MultipartParser


class Parts:
    """Collects what the parser says."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.ended = 0

    def begin(self, headers: dict[str, str]) -> None:
        self.headers.append(headers)
        self.bodies.append(b"")

    def data(self, data: memoryview) -> None:
        self.bodies[-1] += data

    def end(self) -> None:
        self.ended += 1


def parse(pieces: list[bytes], boundary: str = "B") -> Parts:
    parts = Parts()
    parser = MultipartParser(boundary, parts)
    for piece in pieces:
        parser.feed(piece)
    parser.close()
    return parts


def body_of(contents: list[bytes], boundary: str = "B") -> bytes:
    parts = b"".join(f"--{boundary}\r\nContent-Type: a/b\r\n\r\n".encode() + c + b"\r\n" for c in contents)
    return parts + f"--{boundary}--".encode()


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b"\r\n", b"\r\n-", b"\r\n--", b"--B", b"\r"]), max_size=4),
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
def test_parts_come_out_as_they_went_in_however_the_body_is_cut(contents: list[bytes], sizes: list[int]) -> None:
    contents = [content for content in contents if b"\r\n--B" not in b"\r\n" + content + b"\r\n"]
    body = body_of(contents)
    pieces, at, turn = [], 0, 0
    while at < len(body):
        size = sizes[turn % len(sizes)]
        pieces.append(body[at : at + size])
        at, turn = at + size, turn + 1
    parts = parse(pieces)
    assert parts.bodies == contents
    assert parts.ended == len(contents)


@pytest.mark.parametrize("cut", range(1, 37))
def test_an_empty_part_may_share_its_blank_line_with_the_next_delimiter(cut: int) -> None:
    body = b"--B\r\nX: 1\r\n\r\n--B\r\nX: 2\r\n\r\ngood\r\n--B--"
    assert len(body) == 37
    parts = parse([body[:cut], body[cut:]])
    assert (parts.bodies, parts.ended) == ([b"", b"good"], 2)


@given(st.binary(max_size=300))
def test_no_body_makes_the_parser_crash(body: bytes) -> None:
    try:
        parse([body])
    except Invalid:
        return
    assert b"--B--" in body


def test_preamble_padding_headers_and_epilogue_are_understood() -> None:
    body = b"preamble\r\n--B  \r\nX-One: 1\r\ncontent-TYPE: a/b; c=d\r\n\r\nxyz\r\n--B\r\n\r\nno header\r\n--B--\r\nepilogue"
    parts = parse([body])
    assert parts.headers == [{"x-one": "1", "content-type": "a/b; c=d"}, {}]
    assert parts.bodies == [b"xyz", b"no header"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--B\r\n\r\nxyz",
        b"--B\r\n\r\nxyz\r\n--B",
        b"--Bx\r\n\r\nxyz\r\n--B--",
        b"--B\r\nno colon\r\n\r\nxyz\r\n--B--",
        b"--B\r\nX: " + b"y" * (MAX_HEADERS + 10) + b"\r\n\r\nxyz\r\n--B--",
    ],
)
def test_a_damaged_body_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse([body])


@pytest.mark.parametrize("boundary", ["", "x" * 71, "é"])
def test_a_boundary_that_is_none_is_invalid(boundary: str) -> None:
    with pytest.raises(Invalid):
        MultipartParser(boundary, Parts())


def test_memory_does_not_grow_with_the_part() -> None:
    class Counter(Parts):
        size = 0

        def data(self, data: memoryview) -> None:
            self.size += len(data)

    counter = Counter()
    parser = MultipartParser("B", counter)
    parser.feed(b"--B\r\n\r\n")
    piece = b"\r\n-" * 20_000
    tracemalloc.start()
    for _ in range(500):
        parser.feed(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    parser.feed(b"\r\n--B--")
    parser.close()
    assert counter.size == 500 * len(piece)
    assert peak < 1 << 20

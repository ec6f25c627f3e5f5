"""The table of transfer syntaxes against the toolkit's dictionary of PS3.6."""

from __future__ import annotations

import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, AllTransferSyntaxes

from node.dicom.syntaxes import TRANSFER_SYNTAXES, Coding, syntax

STANDARD = sorted(uid for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax")


def test_every_transfer_syntax_of_the_standard_is_in_the_table() -> None:
    assert set(STANDARD) <= set(TRANSFER_SYNTAXES)


@pytest.mark.parametrize("uid", STANDARD)
def test_a_retired_transfer_syntax_says_so(uid: str) -> None:
    assert TRANSFER_SYNTAXES[uid].retired == (UID_dictionary[uid][3] == "Retired")


@pytest.mark.parametrize(
    "uid", [uid for uid in AllTransferSyntaxes if not uid.endswith((".94", ".95", ".204", ".205"))]
)
def test_the_encoding_flags_agree_with_the_toolkit(uid: str) -> None:
    row, known = TRANSFER_SYNTAXES[uid], UID(uid)
    smpte = uid.startswith("1.2.840.10008.1.2.7.")  # carried by a real-time stream, not in a file
    assert (row.implicit, row.big_endian, row.deflated) == (
        known.is_implicit_VR,
        not known.is_little_endian,
        known.is_deflated,
    )
    assert smpte or row.encapsulated == known.is_encapsulated


def test_what_we_write_is_lossless_and_can_be_read_again() -> None:
    written = [row for row in TRANSFER_SYNTAXES.values() if row.encodes]
    assert {row.uid for row in written} == {
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.202",
    }
    assert all(row.decodes and not row.lossy and not row.retired for row in written)


def test_video_is_kept_and_never_decoded() -> None:
    h264 = syntax("1.2.840.10008.1.2.4.102")
    assert h264 is not None
    assert h264.coding is Coding.OTHER
    assert not h264.decodes


def test_an_unknown_transfer_syntax_has_no_row() -> None:
    assert syntax("1.2.3") is None

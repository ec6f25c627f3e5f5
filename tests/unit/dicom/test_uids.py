"""Pseudonym and derived UIDs."""

from __future__ import annotations

import re

from node.dicom.uids import derived_uid, pseudonym_uid

VALID = re.compile(r"2\.25\.(0|[1-9][0-9]*)")


def test_the_same_uid_under_the_same_key_has_one_valid_pseudonym() -> None:
    one = pseudonym_uid(b"k" * 32, "1.2.3.4")
    assert one == pseudonym_uid(b"k" * 32, "1.2.3.4")
    assert VALID.fullmatch(one)
    assert len(one) <= 64


def test_another_key_or_another_uid_gives_another_pseudonym() -> None:
    pseudonyms = {pseudonym_uid(key, uid) for key in (b"a" * 32, b"b" * 32) for uid in ("1.2.3", "1.2.4")}
    assert len(pseudonyms) == 4


def test_uids_that_dicom_registers_stay_what_they_are() -> None:
    assert pseudonym_uid(b"k" * 32, "1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"
    assert pseudonym_uid(b"k" * 32, "1.2.840.100080.1").startswith("2.25.")


def test_a_derived_uid_follows_from_its_parts_and_their_borders() -> None:
    assert derived_uid("pdf", "1.2.3") == derived_uid("pdf", "1.2.3")
    assert derived_uid("pdf", "1.2.3") != derived_uid("pdf1", ".2.3")
    assert VALID.fullmatch(derived_uid("pdf", "1.2.3"))

"""What a peer's answer means, and what ours are."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.dicom.network.send import _groups, proposals
from node.dicom.network.status import store_status, verdict
from node.errors import Conflict, LedgerBusy, NotAuthorized, StorageFull, Unreadable
from node.ports import Outgoing

EXPLICIT, IMPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.80"


def an_item(number: int, sop_class: str = "1.2.3", syntax: str = EXPLICIT) -> Outgoing:
    return Outgoing(number, f"1.{number}", sop_class, syntax, "", 0, Path("nowhere"))


@pytest.mark.parametrize("code", [0x0000, 0xB000, 0xB006, 0xB007, 0x0111])
def test_success_and_warnings_are_deliveries(code: int) -> None:
    assert verdict(code).delivered


@pytest.mark.parametrize("code", [0xA700, 0xA7FF, 0x0110])
def test_passing_faults_are_tried_again(code: int) -> None:
    assert (verdict(code).delivered, verdict(code).permanent) == (False, False)


@pytest.mark.parametrize("code", [0xA900, 0xC000, 0xCFFF, 0x0122, 0x0124, 0x0213, 0x1234])
def test_refusals_are_permanent_and_say_why(code: int) -> None:
    assert (verdict(code).delivered, verdict(code).permanent) == (False, True)
    assert verdict(code).reason


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageFull("x"), 0xA700),
        (Unreadable("x"), 0xC000),
        (NotAuthorized("x"), 0x0124),
        (Conflict("x"), 0xA900),
        (LedgerBusy("x"), 0x0110),
        (RuntimeError("x"), 0x0110),
    ],
)
def test_each_error_has_its_answer(error: Exception, code: int) -> None:
    assert store_status(error).code == code


def test_an_item_is_proposed_as_stored_and_uncompressed() -> None:
    assert proposals(("1.2.3", JPEG_LS), ()) == [("1.2.3", s) for s in (JPEG_LS, EXPLICIT, IMPLICIT)]
    assert proposals(("1.2.3", EXPLICIT), ()) == [("1.2.3", EXPLICIT), ("1.2.3", IMPLICIT)]


def test_the_registrys_list_restricts_and_orders_the_proposals() -> None:
    assert proposals(("1.2.3", JPEG_LS), (IMPLICIT, JPEG_LS)) == [("1.2.3", IMPLICIT), ("1.2.3", JPEG_LS)]
    assert proposals(("1.2.3", EXPLICIT), (JPEG_LS,)) == []


def test_groups_keep_the_order_and_fit_into_an_association() -> None:
    items = [an_item(number, sop_class=f"1.2.{number}", syntax=JPEG_LS) for number in range(100)]
    groups = list(_groups(items, ()))
    assert [item.instance_id for _, group in groups for item in group] == list(range(100))
    assert [len(keys) for keys, _ in groups] == [126, 126, 48]
    assert list(_groups([], ())) == []

"""The actions of PS3.15 Table E.1-1 under the options."""

from __future__ import annotations

import pytest

from node.dicom._profile_table import OPTIONS, REPEATING, ROWS
from node.dicom.profile import OPTION_CODES, Action, Profile, from_domain
from node.domain.route import DeidentificationProfile
from node.errors import Invalid

CONSULT = ("rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt")


def action(tag: int, *options: str) -> Action:
    return Profile(frozenset(options)).action(tag)


def test_the_table_is_whole() -> None:
    assert len(ROWS) + len(REPEATING) == 655  # the 656th row stands for all private attributes
    assert all(len(cells) == len(OPTIONS) and set(cells) <= {"K", "C", "."} for _, cells in ROWS.values())
    assert set(OPTION_CODES) == set(OPTIONS) - {"rtnUIDsOpt", "rtnSafePrivOpt"}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (0x00101000, Action.X),  # Other Patient IDs
        (0x00100030, Action.Z),  # Patient's Birth Date
        (0x0040A075, Action.D),  # Verifying Observer Name
        (0x0020000D, Action.U),  # Study Instance UID
        (0x00080022, Action.Z),  # Acquisition Date: X/Z
        (0x00080021, Action.D),  # Series Date: X/D
        (0x00080023, Action.D),  # Content Date: Z/D
        (0x00080080, Action.D),  # Institution Name: X/Z/D
        (0x00081140, Action.U),  # Referenced Image Sequence: X/Z/U*
        (0x00280010, Action.K),  # Rows: not in the table
        (0x0040A160, Action.D),  # Text Value: added to the table
    ],
)
def test_the_basic_profile(tag: int, expected: Action) -> None:
    assert action(tag) is expected


@pytest.mark.parametrize("tag", [0x00090010, 0x00091001, 0x50020010, 0x601E3000, 0x60000010, 0x00080000, 0xFFFCFFFC])
def test_private_curve_overlay_padding_and_group_length_attributes_go_whatever_the_options(tag: int) -> None:
    assert action(tag) is Action.X
    assert action(tag, *OPTION_CODES) is Action.X


@pytest.mark.parametrize(
    ("tag", "option", "expected"),
    [
        (0x00080020, "rtnLongFullDatesOpt", Action.K),
        (0x00080020, "rtnLongModifDatesOpt", Action.C),
        (0x00081030, "cleanDescOpt", Action.C),
        (0x00101010, "rtnPatCharsOpt", Action.K),
        (0x00102110, "rtnPatCharsOpt", Action.C),
        (0x00181000, "rtnDevIdOpt", Action.K),
        (0x00080080, "rtnInstIdOpt", Action.K),
        (0x0040A730, "cleanStructContOpt", Action.C),
        (0x00700001, "cleanGraphOpt", Action.C),
    ],
)
def test_an_option_overrides_the_basic_action(tag: int, option: str, expected: Action) -> None:
    assert action(tag, option) is expected
    assert action(tag) is not expected


def test_of_two_options_that_differ_the_stricter_wins() -> None:
    assert action(0x00181203, "rtnDevIdOpt", "rtnLongModifDatesOpt") is Action.C  # calibration date: K and C


def test_cleaning_knows_the_basic_action_that_stands_in() -> None:
    assert Profile(frozenset(CONSULT)).rule(0x00181030).basic is Action.D  # Protocol Name: X/D


def test_a_known_profile_is_taken_over() -> None:
    assert from_domain(DeidentificationProfile("consult", "Hội chẩn", CONSULT, "send")) == Profile(
        frozenset(CONSULT), "send"
    )


@pytest.mark.parametrize(
    ("options", "burned_in", "said"),
    [
        (("rtnPatCharOpt",), "hold", "rtnPatCharsOpt"),  # misspelt: the answer lists the known ones
        (("rtnUIDsOpt",), "hold", "unknown options: rtnUIDsOpt"),
        (("rtnLongFullDatesOpt", "rtnLongModifDatesOpt"), "hold", "Choose one"),
        ((), "ignore", "hold, send"),
    ],
)
def test_a_profile_that_cannot_be_applied_is_invalid(options: tuple[str, ...], burned_in: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        from_domain(DeidentificationProfile("p", "P", options, burned_in))

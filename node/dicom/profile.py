"""What is done to each attribute: PS3.15 Annex E, Basic Profile and options, resolved once into one action per tag.

Where the table leaves a choice that depends on the attribute's type in its IOD, the action is taken that keeps the
object valid whatever the type is: a dummy where a value may be required, an empty value where presence may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from node.dicom._profile_table import OPTIONS, REPEATING, ROWS
from node.domain.route import DeidentificationProfile
from node.errors import Invalid


class Action(Enum):
    """PS3.15 Table E.1-1a."""

    K = "keep"
    C = "clean"
    X = "remove"
    Z = "empty"
    D = "dummy"
    U = "map the UID"


COMPOUND = {
    "X/Z": Action.Z,
    "X/D": Action.D,
    "Z/D": Action.D,
    "X/Z/D": Action.D,
    "X/Z/U*": Action.U,
}

# Options that this product applies, with their codes in CID 7050. Not among them: rtnUIDsOpt, because a study that
# keeps its UID has no pseudonym to come home by; rtnSafePrivOpt, because private attributes are always removed.
OPTION_CODES = {
    "rtnDevIdOpt": ("113109", "Retain Device Identity Option"),
    "rtnInstIdOpt": ("113112", "Retain Institution Identity Option"),
    "rtnPatCharsOpt": ("113108", "Retain Patient Characteristics Option"),
    "rtnLongFullDatesOpt": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "rtnLongModifDatesOpt": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "cleanDescOpt": ("113105", "Clean Descriptors Option"),
    "cleanStructContOpt": ("113104", "Clean Structured Content Option"),
    "cleanGraphOpt": ("113103", "Clean Graphics Option"),
}
BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")

BURNED_IN = ("mask", "hold", "send")

# Attributes that Table E.1-1 does not list although they can carry an identity.
ADDED: dict[int, tuple[str, str, str]] = {  # tag → (basic action, option, the option's action)
    0x00080051: ("X", "", ""),  # Issuer of Accession Number Sequence
    0x00081190: ("X", "", ""),  # Retrieve URL
    0x00100022: ("X", "", ""),  # Type of Patient ID
    0x00100024: ("X", "", ""),  # Issuer of Patient ID Qualifiers Sequence
    0x00100033: ("X", "", ""),  # Patient's Birth Date in Alternative Calendar
    0x00100034: ("X", "", ""),  # Patient's Death Date in Alternative Calendar
    0x00100035: ("X", "", ""),  # Patient's Alternative Calendar
    0x0040A160: ("D", "cleanStructContOpt", "C"),  # Text Value
    0x0040E001: ("D", "", ""),  # HL7 Instance Identifier
    0x0040E010: ("X", "", ""),  # Retrieve URI
    0x00420010: ("Z", "cleanDescOpt", "C"),  # Document Title
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The action for an attribute, and the basic one that stands in when cleaning leaves nothing."""

    action: Action
    basic: Action


REMOVE = Rule(Action.X, Action.X)
KEEP = Rule(Action.K, Action.K)


@dataclass(frozen=True, slots=True)
class Profile:
    """The Basic Profile with options.

    `burned_in`, for an image that says it shows a name in its pixels: "mask" what can be masked (`node.dicom.masks`) and
    hold the rest, "hold" or "send".
    """

    options: frozenset[str]
    burned_in: str = "hold"

    def rule(self, tag: int) -> Rule:
        """Private attributes, group lengths, curves and whole overlay planes go; what no table lists is kept."""
        group = tag >> 16
        if group & 1 or not tag & 0xFFFF or (group & 0xFF00) in _REMOVED_GROUPS:
            return REMOVE
        return _rules(self.options).get(tag, KEEP)

    def action(self, tag: int) -> Action:
        return self.rule(tag).action


def from_domain(profile: DeidentificationProfile) -> Profile:
    """Raises `Invalid` for an option or a burned-in policy that this product does not know."""
    unknown = sorted(set(profile.options) - set(OPTION_CODES))
    if unknown:
        raise Invalid(
            f"De-identification profile '{profile.code}' has unknown options: {', '.join(unknown)}.",
            hint=f"Known options: {', '.join(OPTION_CODES)}.",
        )
    if {"rtnLongFullDatesOpt", "rtnLongModifDatesOpt"} <= set(profile.options):
        raise Invalid(
            f"De-identification profile '{profile.code}' both keeps and shifts dates.",
            hint="Choose one of rtnLongFullDatesOpt and rtnLongModifDatesOpt.",
        )
    if profile.burned_in not in BURNED_IN:
        raise Invalid(
            f"De-identification profile '{profile.code}' has the unknown burned_in '{profile.burned_in}'.",
            hint=f"Known: {', '.join(BURNED_IN)}.",
        )
    return Profile(frozenset(profile.options), profile.burned_in)


# Repeating groups whose data the Basic Profile removes: what would be left of a plane without its data is not valid.
_REMOVED_GROUPS = frozenset(int(mask[:2] + "00", 16) for mask, (basic, _) in REPEATING.items() if basic == "X")


@lru_cache(maxsize=32)
def _rules(options: frozenset[str]) -> Mapping[int, Rule]:
    columns = [index for index, option in enumerate(OPTIONS) if option in options]
    rules = {}
    for tag, (basic, cells) in ROWS.items():
        rules[tag] = _resolve(basic, {cells[index] for index in columns})
    for tag, (basic, option, letter) in ADDED.items():
        rules[tag] = _resolve(basic, {letter} if option in options else set())
    return rules


def _resolve(basic: str, letters: set[str]) -> Rule:
    """An option overrides the basic action; of two options that differ, the stricter one (C) wins."""
    fallback = COMPOUND[basic] if basic in COMPOUND else Action[basic]
    for letter in ("C", "K"):
        if letter in letters:
            return Rule(Action[letter], fallback)
    return Rule(fallback, fallback)

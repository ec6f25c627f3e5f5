"""Pseudonymisation of one object in place, by the profile of PS3.15 Annex E.

Every pseudonym is keyed and stable: the same patient, study or instance gets the same one on every repeat. Pixels are
neither read nor changed, but where the profile masks an image that says it shows a name. What was taken away is returned,
to be sealed before the object leaves.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from node.dicom.decoded import BULK, TEXT, decode, elements, texts
from node.dicom.dummies import code, dummy, dummy_code, dummy_document, is_code
from node.dicom.identity_text import IdentityText, fold
from node.dicom.masks import MaskedPixels, masked_pixels, put
from node.dicom.original_identity import collect
from node.dicom.profile import BASIC_CODE, OPTION_CODES, Action, Profile, Rule
from node.dicom.setup import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, configure
from node.dicom.uids import is_registered, pseudonym_uid
from node.errors import BurnedInText, Held, Unreadable

PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
_PATIENT_NAMES: Final = frozenset({PATIENT_NAME, 0x00101001, 0x00101005, 0x00101060})
_BIRTH_DATE: Final = 0x00100030
_CONTENT_DATE_VALUE: Final = 0x0040A121  # "Date" of a content item: may be the subject's date of birth
_DOCUMENT: Final = 0x00420011
_IDENTIFIERS: Final = frozenset(
    {PATIENT_ID, 0x00080050, 0x00101000, 0x00101090, 0x00102154, 0x00200010, 0x00321064, 0x00380010, 0x00380060}
    | {0x00401001, 0x00402016, 0x00402017}  # requested procedure, placer, filler
)
_WRITTEN: Final = frozenset({PATIENT_NAME, PATIENT_ID, 0x00100021})
_METHOD: Final = "DeidentificationMethod"  # begins the paths of what says how
_COUNTERS: Final = frozenset({0x00200011, 0x00200012})  # series, acquisition: may be empty
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that is read as a digit
_SYMBOLS: Final = 10  # 50 bits: among a million patients of a site, one chance in two thousand of any two alike
_LONGEST_SHIFT: Final = 3650  # days
# Terms that programs read although their VR is a text: code values and schemes, the media type of a document.
_CODED: Final = frozenset({0x00080100, 0x00080102, 0x00080103, 0x00080119, 0x00080120, 0x00420012})
_CLEANABLE: Final = TEXT - {"PN"}
_BURNED_IN_HINTS: Final = {
    "hold": "Send it without a profile, mask it first, or let the profile mask or send such images.",
    "mask": "It has no ultrasound regions that leave the text outside. Export it again without the patient's name on the "
    "screen, mask it by hand, or send it by a route that keeps the identity.",
}


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What stands for what. `uids`: pseudonym → original. `identity`: DICOM JSON of `node.dicom.original_identity`."""

    uids: dict[str, str]
    patient_pseudonym: str
    study_pseudonym_uid: str
    identity: dict[str, Any]


class Deidentifier:
    """Applies one profile with one site's key."""

    def __init__(self, key: bytes, site: str, profile: Profile) -> None:
        """`key`: the pseudonym key of `node.dicom.vault.keys`; `site`: the code of the patients' facility."""
        configure()
        self._key = key
        self._site = site
        self._profile = profile

    def apply(self, ds: Dataset) -> Pseudonyms:
        """Pseudonymises `ds` and its file meta information in place.

        Raises `BurnedInText` or `Unreadable` before anything is changed; raises `Held` when something of the identity
        is left that cannot be taken out without making the object invalid: `ds` must not be used then.
        """
        _require_uids(ds)
        masked = self._masked(ds)
        decode(ds, keep_private=False)
        identity = collect(ds)
        text = identity_text(ds)
        patient = self._patient(ds)
        study = str(ds.StudyInstanceUID)
        age = _age(ds) if "rtnPatCharsOpt" in self._profile.options else ""
        walk = _Walk(self._profile, self._key, text, patient, _birth_date(ds), {})
        walk.data_set(ds)
        walk.file_meta(ds)
        self._sign(ds, patient, age)
        if masked is not None:
            put(ds, masked)
        _take_out_leftovers(ds, replace(text, uids=frozenset(walk.uids)), walk)
        originals = {pseudonym: original for original, pseudonym in walk.uids.items()}
        return Pseudonyms(originals, patient, walk.uids[study], identity)

    def _masked(self, ds: Dataset) -> MaskedPixels | None:
        """The pixels to put in at the end; None when those of `ds` may go. Raises `BurnedInText`."""
        if self._profile.burned_in == "send" or not _says_burned_in(ds):
            return None
        masked = masked_pixels(ds) if self._profile.burned_in == "mask" else None
        if masked is None:
            raise BurnedInText(
                "The image says that it shows the patient's identity in its pixels.",
                hint=_BURNED_IN_HINTS[self._profile.burned_in],
            )
        return masked

    def _patient(self, ds: Dataset) -> str:
        """The patient's pseudonym: the site's initials and ten symbols."""
        issuer = str(ds.get("IssuerOfPatientID") or "").strip() or self._site
        number = str(ds.get("PatientID") or "").strip()
        name = fold(str(ds.get("PatientName") or "")).strip("^= ")
        parts = ["patient", issuer, number]
        if not number:
            parts = ["patient without number", issuer, name, str(ds.get("PatientBirthDate") or "")]
            if not name:
                parts = ["patient without name", str(ds.StudyInstanceUID)]
        digest = hmac.new(self._key, "\0".join(parts).encode(), hashlib.sha256).digest()
        number_part = int.from_bytes(digest[:8], "big")
        symbols = "".join(_ALPHABET[number_part >> 5 * index & 31] for index in range(_SYMBOLS))
        return f"{initials(self._site)}-{symbols}"

    def _sign(self, ds: Dataset, patient: str, age: str) -> None:
        """Writes the pseudonym and says what was done (PS3.3 C.12.1.1.3.1, CID 7050)."""
        options = self._profile.options
        ds.PatientName = patient
        ds.PatientID = patient
        ds.IssuerOfPatientID = self._site
        if age and not ds.get("PatientAge"):
            ds.PatientAge = age
        codes = [BASIC_CODE, *(row for option, row in OPTION_CODES.items() if option in options)]
        ds.PatientIdentityRemoved = "YES"
        ds.DeidentificationMethod = [meaning[:64] for _, meaning in codes]
        ds.DeidentificationMethodCodeSequence = [code(value, "DCM", meaning) for value, meaning in codes]
        ds.LongitudinalTemporalInformationModified = (
            "UNMODIFIED"
            if "rtnLongFullDatesOpt" in options
            else "MODIFIED"
            if "rtnLongModifDatesOpt" in options
            else "REMOVED"
        )


def initials(site: str) -> str:
    """The first letters of the words of a facility's code; of one word, its first two: "dinh-hoa" → "DH"."""
    parts = re.findall(r"[a-z0-9]+", fold(site))
    letters = "".join(part[0] for part in parts) if len(parts) > 1 else "".join(parts)[:2]
    return letters.upper()[:4] or "P"


def identity_text(ds: Dataset) -> IdentityText:
    """What to look for in the texts of a decoded, still identified data set."""
    patient: list[str] = []
    others: list[str] = []
    identifiers: list[str] = []
    for _, element, _ in elements(ds):
        if element.VR == "PN":
            (patient if element.tag in _PATIENT_NAMES else others).extend(texts(element))
        elif element.tag in _IDENTIFIERS:
            identifiers.extend(texts(element))
    birth = _birth_date(ds)
    if len(birth) == 8:
        year, month, day = birth[:4], birth[4:6], birth[6:]
        identifiers += [birth, f"{day}/{month}/{year}", f"{day}-{month}-{year}", f"{year}-{month}-{day}"]
    return IdentityText.of(patient, others, identifiers)


def leaks(ds: Dataset, text: IdentityText) -> list[str]:
    """The paths of the attributes of a decoded `ds` that still tell the patient. Pixel data are not looked at."""
    return [path for _, element, path in elements(ds) if _leaks(element, path, text)]


def _leaks(element: DataElement, path: str, text: IdentityText) -> bool:
    vr = element.VR
    if vr == "UI":
        return any(uid in text.uids for uid in texts(element))
    if element.tag in _COUNTERS:
        return any(value in text.inside for value in texts(element))
    if vr not in TEXT or (element.tag in _WRITTEN and "." not in path) or path.startswith(_METHOD):
        return False
    found = text.found_in_code if vr == "CS" or element.tag in _CODED else text.found_in
    return any(found(value) for value in texts(element))


def _take_out_leftovers(ds: Dataset, text: IdentityText, walk: _Walk) -> None:
    found = [(holder, element) for holder, element, path in elements(ds) if _leaks(element, path, text)]
    for _, element in found:
        if element.VR == "UI":
            mapped = [walk.uid(uid) for uid in texts(element)]
            element.value = mapped if len(mapped) > 1 else mapped[0]
        elif element.tag in _COUNTERS:
            element.value = element.empty_value
        elif element.VR != "CS" and element.tag not in _CODED:
            instead = dummy(element.VR)
            instead = "" if isinstance(instead, str) and text.found_in(instead) else instead  # one may be called that
            values = [text.stripped(value) or instead for value in texts(element)]
            element.value = values if len(values) > 1 else values[0]
    left = leaks(ds, text) if found else []
    if left:
        raise Held(
            f"The patient's identity is left in {', '.join(left)}.",
            hint="Correct the object where it was made, or send it by a route that keeps the identity.",
        )


@dataclass(slots=True)
class _Walk:
    """One pass over one object. `uids`: original → pseudonym of every UID that was mapped."""

    profile: Profile
    key: bytes
    text: IdentityText
    patient: str
    birth_date: str
    uids: dict[str, str]

    def data_set(self, ds: Dataset) -> None:
        for tag in list(ds.keys()):
            if tag in BULK:
                continue
            rule = self.profile.rule(tag)
            if rule.action is Action.X:
                del ds[tag]
            else:
                self._element(ds, ds[tag], rule)

    def file_meta(self, ds: Dataset) -> None:
        """Makes the file's head anew with what the format needs; a preamble can hold another file's header."""
        old = getattr(ds, "file_meta", None)
        if old is not None:
            meta = FileMetaDataset()
            meta.FileMetaInformationVersion = b"\0\1"
            meta.MediaStorageSOPClassUID = ds.get("SOPClassUID")
            meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID")
            if "TransferSyntaxUID" in old:
                meta.TransferSyntaxUID = old.TransferSyntaxUID
            meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
            meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
            ds.file_meta = meta
        if getattr(ds, "preamble", None):
            ds.preamble = b"\0" * 128

    def uid(self, uid: str) -> str:
        uid = str(uid)
        if not uid or is_registered(uid):
            return uid
        return self.uids.setdefault(uid, pseudonym_uid(self.key, uid))

    def _element(self, ds: Dataset, element: DataElement, rule: Rule) -> None:
        tag = element.tag
        if tag in (PATIENT_NAME, PATIENT_ID):
            element.value = self.patient
        elif tag == _CONTENT_DATE_VALUE and str(element.value or "") == self.birth_date:
            element.value = dummy("DA")
        elif element.VR == "SQ":
            self._sequence(ds, element, rule.action)
        elif rule.action is Action.C:
            self._clean(ds, element, rule)
        else:
            self._plain(ds, element, rule.action)

    def _sequence(self, ds: Dataset, element: DataElement, action: Action) -> None:
        """The items of a sequence that is not removed or emptied are treated by the same table."""
        if action is Action.X or (action is Action.Z and element.keyword == "ReferencedStudySequence"):
            del ds[element.tag]
        elif action is Action.Z:
            element.value = Sequence()
        elif action is Action.D and any(is_code(item) for item in element.value or []):
            element.value = Sequence([dummy_code()])
        else:
            for item in element.value or []:
                self.data_set(item)

    def _plain(self, ds: Dataset, element: DataElement, action: Action) -> None:
        if action is Action.X:
            del ds[element.tag]
        elif action is Action.Z:
            element.value = element.empty_value
        elif element.is_empty or action is Action.K:
            return
        elif element.VR == "UI":  # U, and D of a UID
            mapped = [self.uid(uid) for uid in texts(element)]
            element.value = mapped if len(mapped) > 1 else mapped[0]
        elif element.tag == _DOCUMENT:
            element.value = dummy_document(str(ds.get("MIMETypeOfEncapsulatedDocument") or ""))
            if "EncapsulatedDocumentLength" in ds:
                ds.EncapsulatedDocumentLength = len(element.value)
        else:
            element.value = dummy(element.VR)

    def _clean(self, ds: Dataset, element: DataElement, rule: Rule) -> None:
        """Cleans a text or shifts a date; what cannot be cleaned gets the basic action."""
        if element.is_empty:
            return
        vr = element.VR
        if vr in ("DA", "DT"):
            values = [self._shifted(value) for value in texts(element)]
        elif vr == "TM" or element.keyword == "TimezoneOffsetFromUTC":
            return  # dates shift by whole days: the time of day stays
        elif vr in _CLEANABLE:
            values = [self.text.cleaned(value) for value in texts(element)]
        else:
            values = []
        if any(values):
            element.value = values if len(values) > 1 else values[0]
        else:
            self._plain(ds, element, rule.basic)

    def _shifted(self, value: str) -> str:
        """A DA or DT some days earlier, the same number for all of a patient's dates; empty when it is no full date."""
        digest = hmac.new(self.key, f"shift\0{self.patient}".encode(), hashlib.sha256).digest()
        days = 1 + int.from_bytes(digest[:4], "big") % _LONGEST_SHIFT
        day = _date(value[:8])
        if day is None or day.toordinal() <= days:
            return ""
        return f"{day - timedelta(days=days):%Y%m%d}".zfill(8) + value[8:]


def _require_uids(ds: Dataset) -> None:
    """An object without UIDs of its own could be sent and never come home."""
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        uid = str(ds.get(keyword) or "")
        if not uid or (is_registered(uid) and keyword != "SOPClassUID"):
            raise Unreadable(f"The object has no {keyword} of its own.", hint="Check the object where it was made.")


def _says_burned_in(ds: Dataset) -> bool:
    return str(ds.get("BurnedInAnnotation") or "").strip().upper() == "YES"


def _birth_date(ds: Dataset) -> str:
    return str(ds.get("PatientBirthDate") or "").strip()


def _age(ds: Dataset) -> str:
    """The age on the day of the study as AS, when both dates are known: the reader needs it, the birth date must go."""
    born, studied = _date(_birth_date(ds)), _date(str(ds.get("StudyDate") or ""))
    if born is None or studied is None or studied < born:
        return ""
    months = (studied.year - born.year) * 12 + studied.month - born.month - (studied.day < born.day)
    if months >= 24:
        return f"{min(months // 12, 999):03d}Y"
    return f"{months:03d}M" if months else f"{(studied - born).days:03d}D"


def _date(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None

"""The rows of the tables of CONFORMANCE.md: what PS3.2 wants and the code knows of services, contexts, statuses, keys, objects."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

Row = tuple[str, ...]

ACTIVITIES = {  # what this node opens associations for; the classes and syntaxes come from the code
    "Verification": "the administrator tests a peer",
    "Storage": "a delivery to a DICOM peer, the sub-operations of C-MOVE",
    "Storage Commitment": "after a delivery to a peer with `commitment`; reports to those who asked us",
}
CT = "1.2.840.10008.5.1.4.1.1.2"


def name_of(uid: str) -> str:
    from pydicom.uid import UID

    retired = " (retired)" if UID(uid).is_retired and "etired" not in UID(uid).name else ""
    return str(UID(uid).name) + retired


def attribute(keyword_or_tag: str | int) -> Row:
    """(name, tag, VR)"""
    from pydicom.datadict import dictionary_description, dictionary_VR, tag_for_keyword

    tag = keyword_or_tag if isinstance(keyword_or_tag, int) else int(tag_for_keyword(keyword_or_tag) or 0)
    return dictionary_description(tag), f"({tag >> 16:04X},{tag & 0xFFFF:04X})", dictionary_VR(tag)


def providers() -> Iterator[type[Any]]:
    """The classes of the service providers of the DICOM port."""
    from node.dicom.network import services
    from node.domain.facility import Service

    for found in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            is_provider = isinstance(value, type) and isinstance(getattr(value, "service", None), Service)
            if is_provider and "sop_classes" in vars(value):
                yield value


def service_rows() -> Iterator[Row]:
    from node.dicom.network.commitment_data import SOP_CLASS as COMMITMENT
    from node.dicom.network.offer import VERIFICATION

    asked = {VERIFICATION, COMMITMENT}  # by this node, of its peers; objects are the other table's
    yield name_of(VERIFICATION), VERIFICATION, "yes", "yes", ""
    offered = sorted((uid, provider.service) for provider in providers() for uid in provider.sop_classes)
    for uid, service in offered:
        yield name_of(uid), uid, "yes" if uid in asked else "", "yes", f"`{service}`"


def storage_rows() -> Iterator[Row]:
    from node.dicom.network.offer import STORAGE_CLASSES

    for uid in sorted(STORAGE_CLASSES, key=lambda uid: [int(part) for part in uid.split(".")]):
        yield name_of(uid), uid


def policy_rows() -> Iterator[Row]:
    """Association policies that are numbers."""
    from node.config import DicomSettings
    from node.dicom.network import association, data_set, receive, upper_layer
    from node.dicom.setup import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

    default = {name: field.default for name, field in DicomSettings.model_fields.items()}
    yield "Application Context Name", upper_layer.APPLICATION_CONTEXT, ""
    yield "Implementation Class UID", IMPLEMENTATION_CLASS_UID, ""
    yield "Implementation Version Name", IMPLEMENTATION_VERSION_NAME, ""
    yield "Maximum PDU length announced", f"{upper_layer.MAX_PDU} bytes", ""
    yield "Maximum PDU length of a peer", "any; none below 16 bytes is called; 0: no limit", ""
    yield (
        "Associations at the same time",
        str(default["max_associations"]),
        "`dicom.max_associations`, of a peer `max_associations`",
    )
    yield "Asynchronous operations window", "not supported (1, 1)", ""
    yield "SOP Class Extended Negotiation", "C-FIND, C-MOVE, C-GET", ""
    yield "SCP/SCU Role Selection", "Storage for C-GET; Storage Commitment", ""
    yield "User Identity Negotiation", "not supported", ""
    yield "Time for the association request (ARTIM)", f"{association._ARTIM_SECONDS:g} s", ""
    yield "Time for a TLS handshake", f"{receive._HANDSHAKE_SECONDS:g} s", ""
    yield (
        "Silence, and time for one PDU",
        f"{default['idle_seconds']:g} s",
        "`dicom.idle_seconds`, of a peer `idle_seconds`",
    )
    yield "Largest object", f"{default['max_object_mb']} MB", "`dicom.max_object_mb`, of a peer `max_object_mb`"
    yield "Largest data set of another request", f"{data_set.LIMIT >> 20} MB, {data_set._VALUES} values", ""


def rejection_rows() -> Iterator[Row]:
    from node.dicom.network import association, upper_layer
    from node.domain.caller import Refusal

    words = {
        Refusal.CALLED_AE: "called AE title is none of this node's",
        Refusal.LIMIT: "as many associations as the node may have are open",
        Refusal.PEER_LIMIT: "as many associations as this peer may have are open",
        Refusal.BUSY: "the node cannot decide now",
        Refusal.NEEDS_TLS: "the registry wants this peer to come by TLS",
        Refusal.PLAIN_ON_TLS: "plain DICOM on the TLS port",
    }
    found = [(upper_layer.PROTOCOL_VERSION_UNKNOWN, "protocol version not supported")]
    found += [(upper_layer.APPLICATION_CONTEXT_UNKNOWN, "application context not supported")]
    found += [(upper_layer.CALLING_AE_UNKNOWN, "calling AE title not in the registry, or not at this address")]
    found += [(rejection, words[refusal]) for refusal, rejection in association._REJECTIONS.items()]
    for rejection, meaning in sorted(found, key=lambda row: (row[0].result, row[0].source, row[0].reason)):
        result = "permanent" if rejection.result == 1 else "transient"
        yield result, str(rejection.source), str(rejection.reason), meaning


def accepted_rows() -> Iterator[Row]:
    """Presentation contexts that are accepted of callers, besides those of objects."""
    from node.dicom.network.data_set import TRANSFER_SYNTAXES
    from node.dicom.network.offer import VERIFICATION
    from node.domain.facility import Service

    syntaxes = ", ".join(name_of(uid) for uid in TRANSFER_SYNTAXES)
    yield name_of(VERIFICATION), VERIFICATION, syntaxes, "SCP", "none"
    for uid, provider in sorted((uid, kind) for kind in providers() for uid in kind.sop_classes):
        role = "SCP, SCU by role selection" if provider.service == Service.COMMITMENT else "SCP"
        extended = " ".join(f"{byte:02X}" for byte in provider.extended) or "none"
        yield name_of(uid), uid, syntaxes, role, extended


def proposed_rows() -> Iterator[Row]:
    """Presentation contexts that this node proposes, by what it does."""
    from node.dicom.network import commit, send
    from node.dicom.network.offer import VERIFICATION
    from node.dicom.syntaxes import IMPLICIT_LITTLE

    native = ", then ".join(name_of(uid) for _, uid in send.proposals((CT, "1.2.3"), ())[1:])
    (context,) = commit._CONTEXTS
    classes = {
        "Verification": (name_of(VERIFICATION), name_of(IMPLICIT_LITTLE), "SCU"),
        "Storage": (
            "each class of the objects",
            f"as stored, {native}; or the peer's `syntaxes`: one context each",
            "SCU",
        ),
        "Storage Commitment": (
            name_of(context.abstract_syntax),
            ", ".join(name_of(uid) for uid in context.transfer_syntaxes),
            "SCU; SCP by role selection for reports",
        ),
    }
    for activity, when in ACTIVITIES.items():
        yield activity, when, *classes[activity]


def status_rows() -> Iterator[Row]:
    """What is answered to a C-STORE."""
    from node.dicom.network import status
    from tests.architecture.tables import every_error

    answers = [getattr(status, name) for name in _STORE_STATUSES]
    answers += [status.store_status(error("")) for error in every_error() if error.__module__ == "node.errors"]
    for code, comment in sorted({(answer.code, answer.comment) for answer in answers}):
        yield f"`{code:04X}`", comment or "Success: the object survives a power cut"


_STORE_STATUSES = (  # what the engine itself answers to a C-STORE (`association`, `storing`)
    "SUCCESS",
    "MISMATCH",
    "NO_DATA_SET",
    "TOO_LARGE",
    "NO_SUCH_CLASS",
    "UNRECOGNIZED",
    "PROCESSING_FAILURE",
    "NOT_ALLOWED",
)


def verdict_rows() -> Iterator[Row]:
    """What a peer's status means for an object that this node sends."""
    from node.dicom.network import status

    for first, last, verdict in status._VERDICTS:
        codes = f"`{first:04X}`" if first == last else f"`{first:04X}` to `{last:04X}`"
        then = (
            "delivered"
            if verdict.delivered
            else "refused, for a person to decide"
            if verdict.permanent
            else "tried again"
        )
        yield codes, then, verdict.reason
    yield "any other", "refused, for a person to decide", status._OTHER.reason


def search_rows() -> Iterator[Row]:
    """The keys of C-FIND that are kept in columns or counted."""
    from node.ledger._search_table import COLUMNS, COUNTED

    kept = {keyword: level for keyword, (level, _) in COLUMNS.items()} | COUNTED
    for keyword, level in sorted(kept.items(), key=lambda row: (row[1], attribute(row[0])[1])):
        yield level.name, *attribute(keyword), "return only" if keyword in COUNTED else "yes"


def header_rows() -> Iterator[Row]:
    """The attributes of higher levels that are answered from an object's header."""
    from node.domain.query import Level
    from node.ledger._search_table import HEADER_LEVELS

    for level in (Level.PATIENT, Level.STUDY, Level.SERIES):
        keywords = sorted(
            (keyword for keyword, at in HEADER_LEVELS.items() if at == level), key=lambda k: attribute(k)[1]
        )
        yield level.name, ", ".join(" ".join(attribute(keyword)[:2]) for keyword in keywords)


def worklist_rows() -> Iterator[Row]:
    from pydicom.datadict import tag_for_keyword

    from worklists.modality.entry import KNOWN, KNOWN_IN_STEP

    for keywords, place in ((KNOWN, ""), (KNOWN_IN_STEP, "Scheduled Procedure Step Sequence")):
        for tag in sorted(int(tag_for_keyword(keyword) or 0) for keyword in keywords):
            yield *attribute(tag), place


def charset_rows() -> Iterator[Row]:
    from node.domain.facility import Charset

    for charset in Charset:
        yield f"`{charset.value}`", charset.name.capitalize() if len(charset.name) > 5 else charset.name


def frame_rows() -> Iterator[Row]:
    """What WADO-RS calls stored frames."""
    from node.web._dicomweb_table import FRAME_TYPES

    for uid, media in FRAME_TYPES.items():
        yield name_of(uid), f"`{media}`"


def _signed() -> Any:
    from node.domain.measurement import Measurement, MeasurementKind, SpacingBasis, Value
    from node.domain.report import ReportText, SignedReport

    mark = Measurement(
        id="6f1f7a0e-9a35-4e7c-8f0b-0d8f6d9b2c11",
        kind=MeasurementKind.LENGTH,
        series_instance_uid="2.25.5",
        sop_instance_uid="2.25.4",
        frame=1,
        points=((10.0, 10.0), (40.0, 10.0)),
        values=(Value("length", 12.3, "mm"),),
        basis=SpacingBasis.PATIENT,
    )
    text = ReportText(
        findings="Không thấy tổn thương.", conclusion="Bình thường.", key_images=("2.25.4",), language="vi"
    )
    at = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
    return SignedReport(text, "2.25.1", "2.25.2", "2.25.3", "BS. Mẫu", "Bệnh viện Mẫu", at, measurements=(mark,))


def _study() -> dict[str, Any]:
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    values = {"StudyInstanceUID": "2.25.1", "PatientID": "1", "StudyDate": "20260302", "StudyTime": "0730"}
    return {
        f"{int(tag_for_keyword(keyword) or 0):08X}": {"vr": dictionary_VR(keyword), "Value": [value]}
        for keyword, value in values.items()
    }


def _made(kind: str) -> bytes:
    """A document of that kind, just made, on one CT image."""
    from pydicom.dataset import Dataset

    from node.dicom.report.document import EvidenceItem
    from node.dicom.report.encapsulated import encapsulate
    from node.dicom.report.keys import build_key_objects
    from node.dicom.report.measurements import build_measurements
    from node.dicom.report.narrative import build_sr
    from node.dicom.report.presentation import build_presentations

    report, study, evidence = _signed(), _study(), [EvidenceItem(CT, "2.25.4", "2.25.5")]
    if kind == "pdf":
        return encapsulate(b"%PDF-", report, study, sr_sop_instance_uid="2.25.2")
    if kind == "pr":
        image = Dataset()
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.Rows = image.Columns = 512
        image.BitsAllocated = 16
        image.RescaleSlope, image.RescaleIntercept = "1", "-1024"
        image.WindowCenter, image.WindowWidth = "40", "400"
        return build_presentations(report, study, evidence, {"2.25.4": image})[0]
    made = {"sr": build_sr, "measurements": build_measurements, "ko": build_key_objects}[kind](report, study, evidence)
    assert made is not None
    return made


def made_rows(kind: str) -> Iterator[Row]:
    """The attributes of the top level of an object that this node makes, from one that it has just made."""
    from pydicom import dcmread

    ds = dcmread(BytesIO(_made(kind)))
    for element in ds:
        values = "present" if not element.is_empty else "may be empty"
        said = (
            str(element.value)
            if element.VR in ("CS", "LO") and not element.is_empty and element.keyword in _FIXED
            else ""
        )
        yield *attribute(int(element.tag)), said or values


_FIXED = frozenset(
    {"Modality", "SpecificCharacterSet", "CompletionFlag", "VerificationFlag", "Manufacturer", "ConversionType",
     "BurnedInAnnotation", "MIMETypeOfEncapsulatedDocument", "ValueType", "ContinuityOfContent", "PreliminaryFlag",
     "RecognizableVisualFeatures"}
)  # fmt: skip


def sr_rows() -> Iterator[Row]:
    return made_rows("sr")


def measurement_rows() -> Iterator[Row]:
    return made_rows("measurements")


def key_object_rows() -> Iterator[Row]:
    return made_rows("ko")


def presentation_rows() -> Iterator[Row]:
    return made_rows("pr")


def pdf_rows() -> Iterator[Row]:
    return made_rows("pdf")


def setting_rows() -> Iterator[Row]:
    """The settings of the DICOM port."""
    from tests.architecture.tables import plain, settings

    for name, field in settings():
        if name.startswith("dicom."):
            yield (
                f"`{name}`",
                "" if field.default in (None, "", ()) else f"`{plain(field.default)}`",
                field.description or "",
            )


def syntax_rows() -> Iterator[Row]:
    from node.dicom.syntaxes import TRANSFER_SYNTAXES

    for syntax in TRANSFER_SYNTAXES.values():
        retired = " (retired)" if syntax.retired else ""
        marks = ("yes" if flag else "" for flag in (True, syntax.decodes, syntax.encodes))
        yield f"{syntax.name}{retired}", syntax.uid, *marks

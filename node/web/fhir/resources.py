"""FHIR resources out of what the ledger and the structured report say. Pure functions; element names are FHIR's.

The id of a DiagnosticReport and of an ImagingStudy is the Study Instance UID: a report keeps its address from registered
to final. Patient, people and measurements are contained: they have no life of their own here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from html import escape
from typing import Any

from node.domain.measurement import Measurement
from node.domain.report import Signature, SignedReport
from node.web.fhir import _table as table

Resource = dict[str, Any]
_HERE = timezone(timedelta(hours=7))  # of study times that state no zone


def without_empty(content: Any) -> Any:
    """FHIR has no empty elements: what is None, "", [] or {} is left out, at every depth."""
    if isinstance(content, dict):
        cleaned = {key: without_empty(value) for key, value in content.items()}
        return {key: value for key, value in cleaned.items() if value not in (None, "", [], {})}
    if isinstance(content, list | tuple):
        return [item for item in map(without_empty, content) if item not in (None, "", [], {})]
    return content


# --- what the study says


def uid_identifier(uid: str) -> Resource:
    return {"system": table.UID_SYSTEM, "value": f"urn:oid:{uid}"}


def identifiers(study: Mapping[str, Any]) -> list[Resource]:
    accession = study["accession_number"]
    return [
        uid_identifier(study["study_instance_uid"]),
        *([{"type": table.ACCESSION, "value": accession}] if accession else []),
    ]


def patient(study: Mapping[str, Any]) -> Resource:
    """As this node knows the patient: under the pseudonym where the study came with one."""
    parts = [*str(study["patient_name"]).split("=")[0].split("^"), "", "", "", "", ""]
    family, given, middle, prefix, suffix = parts[:5]
    name = {
        "text": " ".join(" ".join((prefix, family, given, middle, suffix)).split()),
        "family": family,
        "given": [part for part in (given, middle) if part],
        "prefix": [prefix] if prefix else [],
        "suffix": [suffix] if suffix else [],
    }
    birth = str(study["birth_date"])
    return {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [{"type": table.MEDICAL_RECORD, "value": study["patient_id"]}] if study["patient_id"] else [],
        "name": [name] if name["text"] else [],
        "gender": table.GENDERS.get(str(study["sex"]).upper(), "unknown"),
        "birthDate": f"{birth[:4]}-{birth[4:6]}-{birth[6:]}" if len(birth) == 8 and birth.isdigit() else "",
    }


def started(study: Mapping[str, Any]) -> str:
    """When the images were made, as a dateTime; empty when the study does not say."""
    day, time = str(study["study_date"] or ""), str(study["study_time"] or "").replace(":", "")
    try:
        if len(time) >= 6:
            return datetime.strptime(f"{day}{time[:6]}", "%Y%m%d%H%M%S").replace(tzinfo=_HERE).isoformat()
        return date(int(day[:4]), int(day[4:6]), int(day[6:])).isoformat() if day else ""
    except ValueError:
        return ""


def imaging_study(study: Mapping[str, Any], base: str) -> Resource:
    """`study` as `node.ledger.reads.find_study` describes it; `base` is the address of this server."""
    uid = study["study_instance_uid"]
    listed = [_series(series) for series in study["series"]]
    modalities = [m for m in study["modalities"] if m]
    return {
        "resourceType": "ImagingStudy",
        "id": uid,
        "contained": [patient(study), _endpoint(base, uid)],
        "identifier": identifiers(study),
        "status": "available",
        "modality": [{"system": table.DCM, "code": modality} for modality in modalities],
        "subject": {"reference": "#patient"},
        "started": started(study),
        "endpoint": [{"reference": "#wado"}],
        "numberOfSeries": len(listed),
        "numberOfInstances": sum(series["numberOfInstances"] for series in listed),
        "description": study["description"],
        "series": listed,
    }


def _endpoint(base: str, uid: str) -> Resource:
    return {
        "resourceType": "Endpoint",
        "id": "wado",
        "status": "active",
        "connectionType": table.WADO,
        "payloadType": [table.PAYLOAD],
        "payloadMimeType": ["application/dicom"],
        "address": f"{base}/dicom-web/studies/{uid}",
    }


def _series(series: Mapping[str, Any]) -> Resource:
    return {
        "uid": series["series_instance_uid"],
        "number": _unsigned(series["number"]),
        "modality": {"system": table.DCM, "code": series["modality"] or "OT"},
        "description": series["description"],
        "numberOfInstances": len(series["instances"]),
        "bodySite": {"system": table.DCM, "display": series["body_part"]} if series["body_part"] else None,
        "instance": [
            {
                "uid": instance["sop_instance_uid"],
                "sopClass": {"system": table.URI_SYSTEM, "code": f"urn:oid:{instance['sop_class_uid']}"},
                "number": _unsigned(instance["number"]),
            }
            for instance in series["instances"]
        ],
    }


def _unsigned(number: Any) -> int | None:
    return int(number) if number is not None and 0 <= int(number) < 1 << 31 else None


# --- what the report says


def registered_report(study: Mapping[str, Any]) -> Resource:
    """The report of a study that nobody has signed yet."""
    return _report_frame(study, "registered")


def diagnostic_report(
    study: Mapping[str, Any], report: SignedReport, status: str, base: str, pdf_sop_instance_uid: str | None
) -> Resource:
    """`status` of FHIR's DiagnosticReportStatus."""
    from node.dicom.report.plain import conclusion_of, plain_text  # here: large, and seldom needed

    words = plain_text(report)
    people = [_practitioner(signature, number) for number, signature in enumerate(_signers(report), start=1)]
    numbers = [mark for mark in report.measurements if mark.values]
    observations = [_observation(mark, n, report, status) for n, mark in enumerate(numbers, start=1)]
    media = [_media(study, uid, n, base) for n, uid in enumerate(report.text.key_images, start=1)]
    organization = {"resourceType": "Organization", "id": "organization", "name": report.observer_organization}
    frame = _report_frame(study, status)
    resource = {
        **frame,
        "meta": {"versionId": str(report.version), "lastUpdated": instant(report.signed_at)},
        "language": report.text.language,
        "text": {"status": "generated", "div": _narrative(words, report.text.language)},
        "contained": [*frame["contained"], organization, *people, *observations, *media],
        "identifier": [*frame["identifier"], uid_identifier(report.sop_instance_uid)],
        "issued": instant(report.signed_at),
        "performer": [{"reference": "#organization"}],
        "resultsInterpreter": [{"reference": f"#{person['id']}"} for person in people],
        "result": [{"reference": f"#{observation['id']}"} for observation in observations],
        "media": [{"link": {"reference": f"#{one['id']}"}} for one in media],
        "conclusion": conclusion_of(report),
        "presentedForm": _presented(report, words, base, pdf_sop_instance_uid),
    }
    if not report.observer_organization:
        resource["contained"].remove(organization)
        resource["performer"] = []
    return resource


def _report_frame(study: Mapping[str, Any], status: str) -> Resource:
    uid = study["study_instance_uid"]
    accession = study["accession_number"]
    request = {"type": "ServiceRequest", "identifier": {"type": table.ACCESSION, "value": accession}}
    return {
        "resourceType": "DiagnosticReport",
        "id": uid,
        "contained": [patient(study)],
        "identifier": identifiers(study),
        "basedOn": [request] if accession else [],
        "status": status,
        "category": [table.RADIOLOGY],
        "code": table.REPORT_CODE,
        "subject": {"reference": "#patient"},
        "effectiveDateTime": started(study),
        "imagingStudy": [{"reference": f"ImagingStudy/{uid}"}],
    }


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _signers(report: SignedReport) -> Sequence[Signature]:
    added = [signature for addendum in report.addenda for signature in addendum.signatures]
    people = [s for s in (report.author, report.verifier, *added) if s is not None]
    return list({signature.person: signature for signature in people}.values())


def _practitioner(signature: Signature, number: int) -> Resource:
    licence = signature.licence_number
    return {
        "resourceType": "Practitioner",
        "id": f"practitioner-{number}",
        "identifier": [{"type": table.LICENCE, "value": licence}] if licence else [],
        "name": [{"text": signature.name}] if signature.name else [],
    }


def _observation(mark: Measurement, number: int, report: SignedReport, status: str) -> Resource:
    from node.dicom.report.labels import kind_name
    from node.dicom.report.marks import tracking_uid

    language = report.text.language if report.text.language in {"vi", "en"} else "vi"
    spoken = ": ".join(text for text in (kind_name(mark.kind, language), mark.text.strip()) if text)
    values = [_value(mark, index) for index in range(len(mark.values))]
    single = values[0] if len(values) == 1 else None
    return {
        "resourceType": "Observation",
        "id": f"measurement-{number}",
        "identifier": [uid_identifier(tracking_uid(mark.id))],
        "status": {"preliminary": "preliminary", "amended": "amended"}.get(status, "final"),
        "category": [table.IMAGING],
        "code": {"coding": single["code"].get("coding") if single else None, "text": spoken},
        "subject": {"reference": "#patient"},
        "issued": instant(report.signed_at),
        "valueQuantity": single["valueQuantity"] if single else None,
        "component": [] if single else values,
        "derivedFrom": [{"reference": f"ImagingStudy/{report.study_instance_uid}"}],
    }


def _value(mark: Measurement, index: int) -> Resource:
    from node.dicom.report.marks import concept, unit

    value = mark.values[index]
    code, derivation = concept(mark, value)
    system = table.SYSTEMS.get(code.scheme_designator)
    said = ", ".join(c.meaning for c in (code, derivation) if c is not None)
    coding = [{"system": system, "code": code.value, "display": code.meaning}] if system else []
    quantity = {"value": value.number, "unit": unit(value).meaning, "system": table.UCUM, "code": value.unit}
    return {"code": {"coding": coding, "text": said}, "valueQuantity": quantity}


def _media(study: Mapping[str, Any], uid: str, number: int, base: str) -> Resource:
    """A key image: where it can be had by WADO-RS."""
    series = next(
        (
            s["series_instance_uid"]
            for s in study["series"]
            if any(i["sop_instance_uid"] == uid for i in s["instances"])
        ),
        "",
    )
    place = f"studies/{study['study_instance_uid']}/series/{series}/instances/{uid}"
    return {
        "resourceType": "Media",
        "id": f"key-image-{number}",
        "identifier": [uid_identifier(uid)],
        "status": "completed",
        "subject": {"reference": "#patient"},
        "content": {"contentType": "application/dicom", "url": f"{base}/dicom-web/{place}"},
    }


def _presented(report: SignedReport, words: str, base: str, pdf_sop_instance_uid: str | None) -> list[Resource]:
    text = {
        "contentType": "text/plain; charset=utf-8",
        "language": report.text.language,
        "data": base64.b64encode(words.encode()).decode(),
    }
    if not pdf_sop_instance_uid:
        return [text]
    sheet = {
        "contentType": "application/pdf",
        "language": report.text.language,
        "url": f"{base}/fhir/Binary/{pdf_sop_instance_uid}",
        "creation": instant(report.signed_at),
    }
    return [sheet, text]


def _narrative(words: str, language: str) -> str:
    lines = "<br/>".join(escape(line) for line in words.splitlines())
    return f'<div xmlns="http://www.w3.org/1999/xhtml" lang="{escape(language)}" xml:lang="{escape(language)}">{lines}</div>'


# --- around them


def bundle(resources: Sequence[Resource], base: str, address: str) -> Resource:
    """What a search found."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "link": [{"relation": "self", "url": address}],
        "entry": [
            {"fullUrl": f"{base}/fhir/{r['resourceType']}/{r['id']}", "resource": r, "search": {"mode": "match"}}
            for r in resources
        ],
    }


def capability_statement(base: str, version: str, now: datetime) -> Resource:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now.date().isoformat(),
        "kind": "instance",
        "software": {"name": "Liên Tuyến", "version": version},
        "implementation": {"description": "Reports and imaging studies of this node", "url": f"{base}/fhir"},
        "fhirVersion": table.VERSION,
        "format": ["json", table.FHIR_JSON],
        "rest": [{"mode": "server", "resource": list(table.RESOURCES)}],
    }

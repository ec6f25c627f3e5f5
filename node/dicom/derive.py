"""One received object made into the one that travels. Runs in a process of the pool; knows no ledger."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom

from node.dicom.dataset import dataset_digest
from node.dicom.deidentify import Deidentifier
from node.dicom.profile import from_domain
from node.dicom.setup import configure
from node.dicom.transcode import compress
from node.domain.route import Compression, DeidentificationProfile, Identity
from node.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived object in a file of the scratch folder; whoever keeps it makes it durable."""

    file: str
    digest: str
    size: int
    sop_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    uids: dict[str, str] = field(default_factory=dict)  # pseudonym: original
    identity: dict[str, Any] = field(default_factory=dict)  # DICOM JSON of what was taken out of the study


def derive(path: str, scratch: str, *, site: str, pseudonym_key: bytes, plan: dict[str, Any]) -> Derived:
    """Pseudonymises and compresses as `plan` says (`node.flow.route`).

    Raises `Unreadable`, `BurnedInText` or another `Held` when the object must stay here.
    """
    configure()
    try:
        ds = pydicom.dcmread(path, force=True)
    except Exception as error:
        raise Unreadable(f"The object cannot be read ({type(error).__name__}).") from None
    uids: dict[str, str] = {}
    identity: dict[str, Any] = {}
    if plan["identity"] == Identity.PSEUDONYMISE:
        profile = from_domain(
            DeidentificationProfile(**{**plan["profile"], "options": tuple(plan["profile"]["options"])})
        )
        pseudonyms = Deidentifier(pseudonym_key, site, profile).apply(ds)
        uids, identity = pseudonyms.uids, pseudonyms.identity
    compress(ds, Compression(plan["compression"]))
    target = Path(scratch) / f"{secrets.token_hex(12)}.dcm"
    with target.open("wb") as file:
        ds.save_as(file, enforce_file_format=True)
    return Derived(
        file=str(target),
        digest=dataset_digest(target),
        size=target.stat().st_size,
        sop_instance_uid=str(ds.SOPInstanceUID),
        study_instance_uid=str(ds.StudyInstanceUID),
        transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
        uids=uids,
        identity=identity,
    )

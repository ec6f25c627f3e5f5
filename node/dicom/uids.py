"""UIDs: keyed pseudonyms of those that name a patient's objects, and derived ones that are the same on every repeat.

All are of the form 2.25.<decimal of 128 bits> (PS3.5 B.2). UIDs that DICOM itself registers are never mapped.
"""

from __future__ import annotations

import hashlib
import hmac

DICOM_ROOT = "1.2.840.10008."


def is_registered(uid: str) -> bool:
    """Whether a UID is one of DICOM's own (SOP classes, transfer syntaxes, well-known instances): PS3.6 Annex A."""
    return uid.startswith(DICOM_ROOT)


def pseudonym_uid(key: bytes, uid: str) -> str:
    """The pseudonym of `uid` under `key`: always the same, not to be linked with the original without the key."""
    if is_registered(uid):
        return uid
    return _from_digest(hmac.new(key, b"uid\0" + uid.encode(), hashlib.sha256).digest())


def derived_uid(*parts: str) -> str:
    """A UID that follows from `parts` alone: repeating the work names the same object again."""
    return _from_digest(hashlib.sha256(b"derived\0" + "\0".join(parts).encode()).digest())


def _from_digest(digest: bytes) -> str:
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"

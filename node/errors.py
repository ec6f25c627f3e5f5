"""The exception tree: what went wrong, whether trying again helps, and what to do.

Adapters translate foreign exceptions at their edge. The tree is mapped once to DIMSE status (`node.dicom.network.status`) and once
to `application/problem+json` (`node.web.problems`). A message never holds a patient's name or identifier.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of what somebody filled in; several go with one error, as its `faults`."""

    field: str  # empty: it is about the whole
    code: str  # pages have their own words for it
    message: str


class NodeError(Exception):
    """Base of all errors that a user or an operator may see.

    `code` is stable: it is used in the API, in audit records, in metrics and as the key of the translated text.
    `hint` says what to do about it. `fault` is a finer code, for pages that have their own words for it.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "", fault: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    @property
    def record(self) -> str:
        """The form in which the ledger keeps it: the code, by which pages find the words of the reader's language."""
        return f"[{self.code}] {self}"


class Retryable(NodeError):
    """A passing fault: the same work will be tried again, without end."""

    code = "retryable"


class PeerUnreachable(Retryable):
    """No connection, or the connection broke."""

    code = "peer-unreachable"


class PeerBusy(Retryable):
    """The peer is there and asks us to come back later."""

    code = "peer-busy"


class KeepingUnconfirmed(Retryable):
    """A destination has not said yet whether it keeps what it took (storage commitment)."""

    code = "keeping-unconfirmed"


class StorageFull(Retryable):
    """Free space is below the watermark."""

    code = "storage-full"


class LedgerBusy(Retryable):
    """The database is locked or away."""

    code = "ledger-busy"


class LedgerDamaged(NodeError):
    """The database cannot be read any more: a person must restore it."""

    code = "ledger-damaged"


class Refused(NodeError):
    """A permanent refusal: no retry, a person decides."""

    code = "refused"


class PeerRefused(Refused):
    """The peer answered that it will never take this."""

    code = "peer-refused"


class NotKept(Refused):
    """A destination took an object but does not answer for keeping it (storage commitment)."""

    code = "not-kept"


class UnsupportedSyntax(Refused):
    """No transfer syntax that both sides can use."""

    code = "unsupported-syntax"


class NotAuthorized(Refused):
    """The caller is unknown, or may not do this."""

    code = "not-authorized"


class CallerRefused(NotAuthorized):
    """A caller may not open a DICOM association; `fault` is why, as `node.domain.caller.Refusal` has it."""

    code = "caller-refused"


class Held(NodeError):
    """Kept back with its bytes until a person has looked."""

    code = "held"


class Unreadable(Held):
    """The bytes are not a DICOM object that can be read."""

    code = "unreadable"


class IdentityUnknown(Held):
    """A pseudonym has no identity in this node's vault."""

    code = "identity-unknown"


class BurnedInText(Held):
    """The image says that it carries the patient's identity in its pixels."""

    code = "burned-in-text"


class Conflict(Held):
    """Two truths about the same thing."""

    code = "conflict"


class LeaseLost(Conflict):
    """Someone else has the job now: what was done for it must not be settled."""

    code = "lease-lost"


class NotAllowed(NodeError):
    """An illegal transition or a forbidden claim."""

    code = "not-allowed"


class NotFound(NodeError):
    """No such thing here."""

    code = "not-found"


class Invalid(NodeError):
    """What was given is wrong: a setting, a registry, a form."""

    code = "invalid"

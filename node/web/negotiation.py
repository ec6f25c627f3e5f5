"""`Accept` and `Content-Type` as PS3.18 8.7 uses them: media types with a `type` and a `transfer-syntax` parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message

from node.errors import UnsupportedSyntax
from node.web.problems import NotAcceptable

_TOKENS = 100  # entries of an Accept header that are looked at


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type; names are lower case, parameters unquoted."""

    name: str
    parameters: dict[str, str]

    @property
    def root(self) -> str:
        """The type of the parts of a multipart/related, else the type itself."""
        return self.parameters.get("type", "").lower() if self.name == "multipart/related" else self.name


def parse_media_type(text: str) -> MediaType:
    """One media type with its parameters."""
    message = Message()
    message["content-type"] = text
    parameters = message.get_params(failobj=[("", "")], unquote=True)
    return MediaType(parameters[0][0].strip().lower(), {name.lower(): value for name, value in parameters[1:]})


def accepted(header: str) -> list[MediaType]:
    """The media types of an `Accept` header; everything when there is none."""
    found = [parse_media_type(item) for item in _split(header or "*/*")[:_TOKENS] if item.strip()]
    return [item for item in found if item.parameters.get("q", "1") not in ("0", "0.0", "0.00", "0.000")]


def require_json(header: str) -> None:
    """Raises `NotAcceptable` when DICOM JSON is not accepted."""
    if not any(
        item.name in ("application/dicom+json", "application/json", "application/*", "*/*") for item in accepted(header)
    ):
        raise NotAcceptable("DICOM JSON is what there is here.", hint="Accept application/dicom+json.")


def require_objects(header: str, syntaxes: Iterable[str]) -> bool:
    """Checks that DICOM objects in these transfer syntaxes, as stored, are accepted. Returns True when a single part
    (application/dicom) is preferred to multipart/related.

    Raises `NotAcceptable`, `UnsupportedSyntax`.
    """
    fitting = [item for item in accepted(header) if item.root in ("application/dicom", "*/*", "application/*", "")]
    if not fitting:
        raise NotAcceptable(
            "DICOM objects are what there is here.", hint='Accept multipart/related; type="application/dicom".'
        )
    wanted = {item.parameters.get("transfer-syntax", "*") for item in fitting}
    if "*" not in wanted and not set(syntaxes) <= wanted:
        raise UnsupportedSyntax(
            "The objects are stored in another transfer syntax.",
            hint="Ask for transfer-syntax=* to get them as stored.",
        )
    return fitting[0].name == "application/dicom"


def _split(header: str) -> list[str]:
    """Splits at commas that are not quoted."""
    parts, begin, quoted = [], 0, False
    for position, sign in enumerate(header):
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            parts.append(header[begin:position])
            begin = position + 1
    return [*parts, header[begin:]]

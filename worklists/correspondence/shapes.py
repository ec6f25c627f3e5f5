"""The bodies of letters: what each kind says, how long it may be, which parts people write. Also the rules who writes which.

What arrives from other nodes is not held against these shapes: a newer node may say more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from node.domain.letter import LetterKind
from node.errors import Fault, Invalid

MAX_TEXT: Final = 4000  # characters of one text

_K = LetterKind
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

DOCTORS = frozenset({"clinician", "radiologist"})
SITE = DOCTORS | {"radiographer", "admin"}

AT_ORIGIN: Final[Mapping[LetterKind, frozenset[str]]] = {  # kind: the roles that may write it there
    _K.REQUEST: DOCTORS | {"radiographer"},
    _K.ANSWER: SITE,
    _K.REPEATED: SITE,
    _K.NOTED: DOCTORS,
    _K.ACCEPTANCE: DOCTORS,
    _K.OUTCOME: DOCTORS,
    _K.NOTE: SITE,
}
AT_READING: Final[Mapping[LetterKind, frozenset[str]]] = {  # questions, repeats and critical findings go with the task
    _K.NOTE: frozenset({"radiologist", "admin"}),
}
ANSWERS: Final[Mapping[LetterKind, LetterKind]] = {  # what a kind must be about
    _K.ANSWER: _K.QUESTION,
    _K.REPEATED: _K.REPEAT,
    _K.NOTED: _K.CRITICAL,
}
FROM_READER = frozenset({_K.QUESTION, _K.REPEAT, _K.CRITICAL, _K.CRITICAL_OVER})


class LetterInvalid(Invalid):
    """A letter lacks something that its kind must say."""

    code = "letter-invalid"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("The letter is not complete.", hint="Fill in what is missing, then send it again.")
        self.faults = faults


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _said(text: str) -> str:
    if not text:
        raise ValueError("this must be written")
    return text


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_clean)]
Said = Annotated[Text, AfterValidator(_said)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_clean)]
Uid = Annotated[str, Field(pattern=r"^([0-9.]{1,64})?$")]
Agreement = Literal["yes", "partly", "no"]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Request(Body):
    summary: Said
    questions: list[Line] = Field(default_factory=list, max_length=20)
    urgent: bool = False


class Answer(Body):
    text: Said


class Repeated(Body):
    repeated: bool
    text: Text = ""

    @model_validator(mode="after")
    def _why_not(self) -> Repeated:
        if not self.repeated and not self.text:
            raise ValueError("say why the images cannot be repeated")
        return self


class Noted(Body):
    """The name and the role are the login's."""

    read_back: bool = False


class Acceptance(Body):
    accepted: Agreement
    reason: Text = ""
    report: Uid = ""  # SOP Instance UID

    @model_validator(mode="after")
    def _why(self) -> Acceptance:
        if self.accepted != "yes" and not self.reason:
            raise ValueError("say why the report is not accepted as it is")
        return self


class Outcome(Body):
    diagnosis: Said
    course: Text = ""
    agrees: Agreement


class Note(Body):
    text: Said


SHAPES: Final[Mapping[LetterKind, type[Body]]] = {
    _K.REQUEST: Request,
    _K.ANSWER: Answer,
    _K.REPEATED: Repeated,
    _K.NOTED: Noted,
    _K.ACCEPTANCE: Acceptance,
    _K.OUTCOME: Outcome,
    _K.NOTE: Note,
}


def shaped(kind: LetterKind, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it is kept. Raises `LetterInvalid` that says which part is wrong, never what was in it."""
    try:
        return SHAPES[kind].model_validate(dict(body)).model_dump()
    except ValidationError as error:
        faults = (
            Fault(".".join(str(p) for p in item["loc"]) or "body", "letter", str(item["msg"]))
            for item in error.errors()
        )
        raise LetterInvalid(tuple(faults)) from None


def texts_of(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(part, text) of all that people wrote in a body."""
    for name, value in body.items():
        if isinstance(value, str) and name != "report":
            yield name, value
        elif isinstance(value, list):
            yield from ((name, item) for item in value if isinstance(item, str))

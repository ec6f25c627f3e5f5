"""The text of a report as it comes in and goes out over HTTP."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from node.domain.numbers import Count, Finite, Whole
from node.domain.report import ReportText

MAX_TEXT = 20_000  # characters of one section
MAX_KEY_IMAGES = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """NFC with plain line ends; raises ValueError for control characters."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


Section = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(clean)]
Uid = Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]
PageName = Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]
FieldValue = Section | bool | Whole | Finite | list[Section] | None


class Answer(BaseModel):
    """To one question of a consultation."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    question: Section
    answer: Section = ""


class Report(BaseModel):
    """The text of a report. `comparison`: with which earlier study, and what changed. `limitations` are technical. `answers`
    are to the questions of a consultation. `template` is the code of the template, empty for none; `fields` are its values."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    technique: Section = ""
    findings: Section = ""
    conclusion: Section = ""
    recommendation: Section = ""
    key_images: list[Uid] = Field(default_factory=list, max_length=MAX_KEY_IMAGES)
    language: Literal["vi", "en"] = "vi"
    comparison: Section = ""
    limitations: Section = ""
    answers: list[Answer] = Field(default_factory=list, max_length=20)
    template: str = Field("", pattern=r"^[A-Z0-9-]{0,32}$")
    fields: dict[Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,64}$")], FieldValue] = Field(
        default_factory=dict, max_length=300
    )

    def text(self) -> ReportText:
        """As the domain knows it."""
        return ReportText(
            self.technique,
            self.findings,
            self.conclusion,
            self.recommendation,
            tuple(dict.fromkeys(self.key_images)),
            self.language,
            self.comparison,
            self.limitations,
            tuple((answer.question, answer.answer) for answer in self.answers),
            self.template,
            tuple(sorted(self.fields.items())),
        )


class Link(BaseModel):
    """A place in a section that stands for something: a measurement (`id` of the mark) or a field of the template.
    `start` and `end` count UTF-16 units, as browsers do; they are a convenience of the editor and no part of the text."""

    model_config = ConfigDict(extra="forbid")

    section: Annotated[str, Field(pattern=r"^[a-z]{1,16}(\.[0-9]{1,2})?$")]
    start: int = Field(ge=0, le=MAX_TEXT)
    end: int = Field(ge=0, le=MAX_TEXT)
    kind: Literal["mark", "field"]
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Save(Report):
    """A draft as the editor sends it. `base_revision` is the `report_revision` that it was written from; a save from an
    older one is refused (code draft-conflict), so that nothing newer is overwritten unseen. `pages` counts the changes made on
    the page that saves, and on those whose text it goes on with: a copy of the text that a browser kept, and that is no newer
    than this, has arrived."""

    links: list[Link] = Field(default_factory=list, max_length=500)
    pages: dict[PageName, Count] = Field(default_factory=dict, max_length=16)
    base_revision: str | None = Field(None, max_length=64)


class Sign(BaseModel):
    """`as` preliminary: a senior is still to verify it. `acknowledge`: what the signer knows of and signs nevertheless.
    `base_revision`: the `report_revision` of the text that the signer saw; another one is not signed (code draft-conflict)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    as_: Literal["preliminary", "final"] = Field("final", alias="as")
    acknowledge: list[Literal["images-missing", "lint"]] = Field(default_factory=list, max_length=8)
    base_revision: str = Field(max_length=64)


class ReportPart(BaseModel):
    """What a task says of its report: the draft while one is written, else the newest signed version. `report_revision` names
    the text that a save is written from, `report_pages` says what has arrived from which page of a browser. Addenda count from
    1. `correctable_until`: so long the reader who signed may still correct. `may_sign`: as what the caller may sign.
    `questions` of the consultation: each needs an answer."""

    report: Report | None
    links: list[Link]
    report_version: int
    report_revision: str
    report_pages: dict[str, int]
    report_state: Literal["draft", "preliminary", "final", "none"]
    report_kind: Literal["report", "addendum"]
    addendum_number: int | None
    correctable_until: datetime | None
    may_sign: list[Literal["preliminary", "final"]]
    questions: list[str]


class SignatureShown(BaseModel):
    role: Literal["author", "verifier"]
    name: str
    licence_number: str
    organization: str
    at: datetime


class VersionShown(BaseModel):
    """One version, as it was signed; or the draft. `replaced`: a newer signed version stands in its place."""

    version: int
    state: Literal["draft", "preliminary", "final", "abandoned"]
    kind: Literal["report", "addendum"]
    addendum_number: int | None
    report: Report
    links: list[Link]
    measurements: list[dict[str, Any]]
    criticals: list[dict[str, Any]]
    signatures: list[SignatureShown]
    signed_at: datetime | None
    updated_at: datetime
    sop_instance_uid: str
    replaced: bool


class VersionList(BaseModel):
    items: list[VersionShown]


class StudyReport(BaseModel):
    """A signed report of a study, for comparison."""

    task_id: str
    version: int
    state: Literal["preliminary", "final"]
    kind: Literal["report", "addendum"]
    report: Report
    signatures: list[SignatureShown]
    signed_at: datetime | None


class StudyReports(BaseModel):
    items: list[StudyReport]


class LintRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Section
    language: Literal["vi", "en"] = "vi"


class LintFinding(BaseModel):
    code: Literal["abbreviation", "placeholder"]
    section: str
    start: int
    end: int
    text: str
    expansion: str


class LintFindings(BaseModel):
    items: list[LintFinding]

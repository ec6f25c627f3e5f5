"""The text of a report as it comes in and goes out over HTTP."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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
FieldValue = Section | bool | int | float | list[Section] | None


class Answer(BaseModel):
    """To one question of a consultation."""

    model_config = ConfigDict(extra="forbid")

    question: Section
    answer: Section = ""


class Report(BaseModel):
    """The text of a report."""

    model_config = ConfigDict(extra="forbid")

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

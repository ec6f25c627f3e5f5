"""Report templates: data files, one per template, both languages inside; a site's own from a folder of its settings.

`Template` says what such a file holds. A placeholder `{field-id}` of the normal text is a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from node.errors import Invalid
from worklists.reporting.records import clean

MAX_FILE = 262_144  # bytes of one template
MAX_TEMPLATES = 200

PLACEHOLDER = re.compile(r"\{([a-z0-9_.-]+)\}")

Words = Annotated[str, Field(max_length=4_000), AfterValidator(clean)]
FieldId = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,64}$")]
FieldType = Literal["enum", "number", "text", "bool", "laterality"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class Both(_Part):
    """A text in both languages."""

    vi: Words
    en: Words


class Option(Both):
    """One value of an enum, with its words."""

    value: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,32}$")]


class TemplateField(_Part):
    """One structured field. `normal` is what its placeholder reads as long as it has no value."""

    id: FieldId
    label: Both
    type: FieldType
    unit: str = ""
    options: tuple[Option, ...] = ()
    default: Both | bool | float | Words | None = None
    normal: Both | None = None
    required: bool = False
    multiple: bool = False
    minimum: float | None = None
    maximum: float | None = None
    group: Both | None = None

    @model_validator(mode="after")
    def _default_fits(self) -> TemplateField:
        if (self.type == "enum") != bool(self.options):
            raise ValueError(f"{self.id}: an enum has options, and nothing else has")
        if self.default is None:
            return self
        known = {option.value for option in self.options}
        fits = {
            "enum": isinstance(self.default, str) and self.default in known,
            "number": isinstance(self.default, float | int) and not isinstance(self.default, bool),
            "text": isinstance(self.default, Both | str),
            "bool": isinstance(self.default, bool),
            "laterality": self.default in ("right", "left", "both"),
        }
        if not fits[self.type]:
            raise ValueError(f"{self.id}: the default is no value of the field")
        return self


class NormalText(_Part):
    """The sections as they read when nothing is found."""

    technique: Words = ""
    findings: Words = ""
    conclusion: Words = ""
    recommendation: Words = ""

    def placeholders(self) -> Iterator[str]:
        for section in (self.technique, self.findings, self.conclusion, self.recommendation):
            yield from PLACEHOLDER.findall(section)


class NormalTexts(_Part):
    vi: NormalText
    en: NormalText


class Critical(Both):
    """A finding that must be told at once; the category is a suggestion (1 minutes, 2 hours, 3 days)."""

    category: Literal[1, 2, 3]


class Template(_Part):
    """One template. Empty `modality` or `body_part`: it is never chosen by itself."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,32}$")]
    version: int = Field(1, ge=1)
    name: Both
    modality: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")], ...] = ()
    body_part: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9_ ]{1,16}$")], ...] = ()
    dvkt: tuple[str, ...] = ()  # codes of the national list of technical services
    form: str = ""  # number of the ministry's form
    shortcut: Annotated[str, Field(pattern=r"^/[a-z0-9]{1,16}$")]
    fields: tuple[TemplateField, ...] = Field((), max_length=300)
    normal_text: NormalTexts
    critical: tuple[Critical, ...] = ()
    rules: tuple[Both, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Template:
        ids = [field.id for field in self.fields]
        if len(set(ids)) != len(ids):
            raise ValueError("two fields have the same id")
        for text in (self.normal_text.vi, self.normal_text.en):
            if unknown := set(text.placeholders()) - set(ids):
                raise ValueError(f"placeholders without a field: {', '.join(sorted(unknown))}")
        if set(self.normal_text.vi.placeholders()) != set(self.normal_text.en.placeholders()):
            raise ValueError("the two languages do not use the same fields")
        return self


def read_template(content: str, name: str) -> Template:
    """The template of a JSON text; `name` is for the error. Raises `Invalid`."""
    try:
        return Template.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise Invalid(
            f"The report template '{name}' is wrong at '{where}': {first['msg']}",
            hint="Mend the file, or take it out of the folder.",
        ) from None


@cache
def built_in() -> tuple[Template, ...]:
    """The project's own templates."""
    data = files(__name__).joinpath("data")
    names = sorted(entry.name for entry in data.iterdir() if entry.name.endswith(".json"))
    return tuple(read_template(data.joinpath(name).read_text(encoding="utf-8"), name) for name in names)


def load(folder: Path | None) -> tuple[Template, ...]:
    """Ours and the site's; a template of the site replaces ours of the same code. Raises `Invalid` for a file that is none,
    and for two that share a shortcut."""
    by_code = {template.code: template for template in built_in()}
    for template in _of_site(folder):
        by_code[template.code] = template
    shortcuts: dict[str, str] = {}
    for template in by_code.values():
        if (other := shortcuts.setdefault(template.shortcut, template.code)) != template.code:
            raise Invalid(
                f"The report templates {other} and {template.code} share the shortcut {template.shortcut}.",
                hint="Give one of them another shortcut.",
            )
    return tuple(by_code.values())


def _of_site(folder: Path | None) -> Iterator[Template]:
    if folder is None:
        return
    if not folder.is_dir():
        raise Invalid("The folder of report templates does not exist.", hint="Create it, or change reading.templates.")
    for file in sorted(folder.glob("*.json"))[:MAX_TEMPLATES]:
        if file.stat().st_size > MAX_FILE:
            raise Invalid(f"The report template '{file.name}' is too large.", hint="A template has at most 256 kB.")
        yield read_template(file.read_text(encoding="utf-8"), file.name)


def by_code(templates: Sequence[Template]) -> Mapping[str, Template]:
    return {template.code: template for template in templates}

"""Text macros: `/shortcut` becomes its text. Kept as the preference `macros`, each person's own and the site's."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from worklists.reporting.records import clean

Words = Annotated[str, Field(max_length=4_000), AfterValidator(clean)]


class Macro(BaseModel):
    """One of them. The shortcut is typed after a slash: letters of any language, digits and hyphens."""

    model_config = ConfigDict(extra="forbid")

    shortcut: Annotated[str, Field(pattern=r"^/[^\W_][\w-]{0,23}$"), AfterValidator(clean)]
    name: Annotated[str, Field(max_length=200), AfterValidator(clean)] = ""
    text: Annotated[Words, Field(min_length=1)]


class Macros(BaseModel):
    """The value of the preference."""

    model_config = ConfigDict(extra="forbid")

    macros: list[Macro] = Field(max_length=300)

    @model_validator(mode="after")
    def _no_shortcut_twice(self) -> Macros:
        shortcuts = [macro.shortcut.casefold() for macro in self.macros]
        if len(set(shortcuts)) != len(shortcuts):
            raise ValueError("two macros have the same shortcut")
        return self


SCHEMA: TypeAdapter[Macros] = TypeAdapter(Macros)

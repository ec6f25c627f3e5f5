"""Whole numbers that come from outside, within what both databases keep and what a browser says exactly."""

from typing import Annotated, Final

from pydantic import Field

LARGEST: Final = 2**53 - 1  # that every JSON reader keeps exactly; a BIGINT holds more
LARGEST_COUNT: Final = 2**31 - 1  # of an INTEGER column on PostgreSQL

Whole = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
RowId = Annotated[int, Field(ge=0, le=LARGEST)]  # keys and cursors, bytes of a file
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]  # counts, revisions, offsets
Finite = Annotated[float, Field(allow_inf_nan=False)]  # JSON has no word for the others

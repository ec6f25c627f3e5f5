"""What a peer wants to retrieve, as plain data (PS3.4 C.4.2.1.4, C.4.3.1.3)."""

from __future__ import annotations

from dataclasses import dataclass

from node.domain.query import Level


@dataclass(frozen=True, slots=True)
class Wanted:
    """The unique keys of a retrieve: at `level` one or more values; those above narrow, empty ones do not."""

    level: Level
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()

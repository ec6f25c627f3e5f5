"""Letters: what two hospitals say to each other about a study, beside its images and its report.

They travel with the link between nodes, both ways, as the timeline does: durable, in order, once in effect. Their bodies are
JSON and hold no name or identifier of the patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class LetterKind(StrEnum):
    """Who writes it, what it says, and its body."""

    REQUEST = "request"  # origin: why the study is sent. {"summary": str, "questions": [str], "urgent": bool}
    QUESTION = "question"  # reader: something is missing. {"text": str, "blocking": bool}
    ANSWER = "answer"  # origin: to a question. {"text": str}
    REPEAT = "repeat"  # reader: the images cannot be read. {"reason": code, "text": str}
    REPEATED = "repeated"  # origin: repeated, or why not. {"repeated": bool, "text": str}
    CRITICAL = "critical"  # reader: a critical finding. {"category": 1|2|3, "text": str, "due_at": ISO 8601}
    NOTED = "noted"  # origin: who took note. {"name": str, "role": str, "read_back": bool}
    CRITICAL_OVER = "critical-over"  # reader: told otherwise, or withdrawn. {"text": str}
    ACCEPTANCE = "acceptance"  # origin. {"accepted": "yes"|"partly"|"no", "reason": str, "report": SOP Instance UID}
    OUTCOME = "outcome"  # origin, later. {"diagnosis": str, "course": str, "agrees": "yes"|"partly"|"no"}
    NOTE = "note"  # either. {"text": str}


@dataclass(frozen=True, slots=True)
class Letter:
    """One of them."""

    id: str  # 32 hex digits of a UUID
    study_instance_uid: str  # as the node that holds it knows the study
    node: str  # facility code of the writer
    kind: str  # of LetterKind; what a newer node calls otherwise is kept, and shown as a note
    author: str  # display name of who wrote it
    at: datetime  # aware
    body: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""  # id of the letter that it answers

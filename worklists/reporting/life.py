"""The life of a report: draft, preliminary, final, then a correction for a short time and addenda for ever.

Every function runs inside the caller's write transaction, together with the task's part of it (`worklists.reading.desk`). A
signed version is never changed: a senior who verifies, and who corrects, signs a new version. Errors: `NotFound`,
`NotAllowed`, `Invalid`, `DraftConflict`, `NotReady`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from node.domain.job import NextJob
from node.domain.report import ReadingEvent, ReadingState, ReportText, Signature, SignatureRole
from node.domain.timeline import Hop
from node.errors import Conflict, Fault, Invalid, NotAllowed
from node.ledger import criticals
from node.ledger.jobs import enqueue
from worklists.reading import desk, marks, profiles
from worklists.reading import store as tasks
from worklists.reading.desk import Desk, Reader
from worklists.reading.moves import get, hop, owned
from worklists.reading.profiles import Profile, Seniority
from worklists.reading.store import TaskRow
from worklists.reporting import store
from worklists.reporting.lint import lint_report
from worklists.reporting.store import Links, Pages, Version

CONSULTATION = "OPINION"  # the template whose questions all need answers


class DraftConflict(Conflict):
    """The draft was changed from elsewhere since it was read."""

    code = "draft-conflict"


class NotReady(Invalid):
    """The report cannot be signed yet; `faults` says why, one by one."""

    code = "not-ready"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("The report cannot be signed yet.", hint="Look at what is missing, then sign.")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Signing:
    """What a signature needs beside the signer. The UIDs are those of the structured report to come."""

    sop_instance_uid: str
    series_instance_uid: str
    organization: str
    edit_window: timedelta
    base_revision: str  # of the text that the signer saw
    acknowledged: frozenset[str] = frozenset()  # images-missing, lint


def save(
    tx: Connection,
    circumstances: Desk,
    reader: Reader,
    task_id: str,
    text: ReportText,
    links: Links,
    base: str | None,
    pages: Pages | None = None,
) -> Version:
    """Keeps the draft and renews the lease. The same text again has no effect; a text that was not written from the newest
    one is refused with `DraftConflict`, and nothing is changed."""
    task = owned(tx, task_id, reader)
    if text.key_images and tasks.foreign_images(tx, task.study_uid, text.key_images):
        raise Invalid("A key image does not belong to this study.", hint="Choose key images of the study that is open.")
    now = circumstances.now
    current = _current(tx, task)
    draft = current if current is not None and current.state == store.DRAFT else None
    _refuse_stale(current, text, links, base)
    desk.written(tx, circumstances, reader, task_id)
    if draft is None:
        store.begin(tx, task_id, text, links, kind=store.REPORT, author=reader.username, now=now, pages=pages)
        hop(tx, circumstances, task, Hop.DRAFTED, {"by": reader.display_name})
    else:
        store.write(tx, draft, text, links, pages or {}, reader.username, now)
    saved = store.newest(tx, task_id, store.DRAFT)
    assert saved is not None
    return saved


def sign_preliminary(tx: Connection, circumstances: Desk, reader: Reader, task_id: str, signing: Signing) -> TaskRow:
    """The author signs; a senior is to verify. Signing again by the same has no effect."""
    task = get(tx, task_id)
    signed = store.newest(tx, task_id, *store.SIGNED)
    if task.state == ReadingState.PRELIMINARY and signed is not None and signed.author == reader.username:
        return task
    task = owned(tx, task_id, reader)
    _refuse_unseen(tx, task, signing)
    draft = _ready(tx, task, signing)
    signatures = (
        _signature(SignatureRole.AUTHOR, reader, profiles.get(tx, reader.username), signing, circumstances.now),
    )
    return _seal(tx, circumstances, reader, task, draft, signing, signatures, ReadingEvent.SIGN_PRELIMINARY)


def sign_final(tx: Connection, circumstances: Desk, reader: Reader, task_id: str, signing: Signing) -> TaskRow:
    """Makes the draft final; what a trainee signed before is verified by it, as it is or as it was changed. Signing again by the
    signer has no effect."""
    task = get(tx, task_id)
    left = store.newest(tx, task_id, store.DRAFT)  # what was begun and fell out of the reader's hands is not signed
    if task.state == ReadingState.FINAL and task.claimed_by == reader.username and left is None:
        return task
    task = owned(tx, task_id, reader)
    profile = profiles.get(tx, reader.username)
    if profile.seniority == Seniority.TRAINEE:
        raise NotAllowed(
            "A trainee signs preliminary reports.",
            hint="Sign it as preliminary; a senior will verify it.",
            fault="trainee",
        )
    _refuse_unseen(tx, task, signing)
    if task.state == ReadingState.VERIFYING and store.newest(tx, task_id, store.DRAFT) is None:
        _copy_signed(tx, circumstances, reader, task)
    draft = _ready(tx, task, signing)
    before = _report_before(tx, draft)
    if before is not None and before.state == store.FINAL and draft.kind == store.REPORT:
        _refuse_late_correction(before, circumstances.now, 2 * signing.edit_window)
    signatures = _two_signatures(
        before if draft.kind == store.REPORT else None, reader, profile, signing, circumstances.now
    )
    return _seal(tx, circumstances, reader, task, draft, signing, signatures, ReadingEvent.SIGN)


def correct(tx: Connection, circumstances: Desk, reader: Reader, task_id: str, window: timedelta) -> TaskRow:
    """Opens what one has just signed once more; the signed version stands until the correction is signed."""
    task = get(tx, task_id)
    signed = store.newest(tx, task_id, *store.SIGNED)
    if task.state != ReadingState.FINAL or signed is None:
        raise NotAllowed("Only a signed report can be corrected.", hint="Open the worklist again; it may have changed.")
    if signed.kind == store.ADDENDUM:  # nothing takes an addendum's place: both would stand, one against the other
        raise NotAllowed("An addendum stands as it is.", hint="Write another addendum that says what is right.")
    if signed.author != reader.username:
        raise NotAllowed("Only who signed the report can correct it.", hint="Write an addendum instead.")
    _refuse_late_correction(signed, circumstances.now, window)
    number = _begin(tx, circumstances, reader, task, signed.kind, signed.text, signed.links)
    return desk.finish(tx, circumstances, reader, task_id, ReadingEvent.CORRECT, version=number)


def amend(tx: Connection, circumstances: Desk, reader: Reader, task_id: str) -> TaskRow:
    """Begins an addendum to a final report, which stays as it is."""
    task = get(tx, task_id)
    signed = store.newest(tx, task_id, *store.SIGNED)
    if task.state != ReadingState.FINAL or signed is None:
        raise NotAllowed("Only a signed report gets an addendum.", hint="Open the worklist again; it may have changed.")
    if profiles.get(tx, reader.username).seniority == Seniority.TRAINEE:
        raise NotAllowed(
            "An addendum is signed by a reader or a senior.", hint="Ask a senior to write it.", fault="trainee"
        )
    number = _begin(tx, circumstances, reader, task, store.ADDENDUM, ReportText(language=signed.text.language), ())
    return desk.finish(tx, circumstances, reader, task_id, ReadingEvent.AMEND, version=number)


def correctable_until(
    tx: Connection, task: TaskRow, username: str, window: timedelta, now: datetime
) -> datetime | None:
    """Until when this person may correct what they signed; None when they may not."""
    signed = store.newest(tx, task.id, store.FINAL)
    if task.state != ReadingState.FINAL or signed is None or signed.author != username or signed.signed_at is None:
        return None
    if signed.kind == store.ADDENDUM:
        return None
    until = signed.signed_at + window
    return until if now < until else None


def unanswered(text: ReportText, asked: Collection[str]) -> list[str]:
    """The questions without an answer: those that the origin asked and, in an opinion, those that stand in it."""
    given = {question.strip(): answer.strip() for question, answer in text.answers}
    wanted = [*asked, *(given if text.template == CONSULTATION else ())]
    return [question for question in dict.fromkeys(q.strip() for q in wanted) if not given.get(question)]


def _current(tx: Connection, task: TaskRow) -> Version | None:
    """What a save is written from: the draft, or while a senior verifies the preliminary version."""
    draft = store.newest(tx, task.id, store.DRAFT)
    return draft or (store.newest(tx, task.id, *store.SIGNED) if task.state == ReadingState.VERIFYING else None)


def _refuse_stale(current: Version | None, text: ReportText, links: Links, base: str | None) -> None:
    if current is None or base == current.revision:
        return
    if current.state == store.DRAFT and store.revision_of(current.version, text, links) == current.revision:
        return  # the answer to the same save was lost
    raise DraftConflict(
        "The draft was changed from another window.",
        hint="Both texts are kept; compare them, then choose which to go on with.",
    )


def _refuse_unseen(tx: Connection, task: TaskRow, signing: Signing) -> None:
    """Nobody signs a text that they did not see."""
    current = _current(tx, task)
    if current is not None and signing.base_revision != current.revision:
        raise DraftConflict("The draft was changed from another window.", hint="Read the newest text, then sign.")


def _begin(
    tx: Connection, circumstances: Desk, reader: Reader, task: TaskRow, kind: str, text: ReportText, links: Links
) -> int:
    """The draft to go on with: one of the same kind that was left, else a new one; one of the other kind is set aside."""
    left = store.newest(tx, task.id, store.DRAFT)
    if left is not None and left.kind == kind and (kind == store.ADDENDUM or left.author == reader.username):
        return left.version
    if left is not None:
        store.abandon(tx, task.id, left.version, circumstances.now)
    return store.begin(tx, task.id, text, links, kind=kind, author=reader.username, now=circumstances.now)


def _copy_signed(tx: Connection, circumstances: Desk, reader: Reader, task: TaskRow) -> None:
    signed = store.newest(tx, task.id, *store.SIGNED)
    assert signed is not None
    store.begin(tx, task.id, signed.text, signed.links, kind=signed.kind, author=reader.username, now=circumstances.now)


def _ready(tx: Connection, task: TaskRow, signing: Signing) -> Version:
    """The draft, when it can be signed; raises `Invalid` or `NotReady`."""
    draft = store.newest(tx, task.id, store.DRAFT)
    if draft is None or not (draft.text.conclusion.strip() or _is_addendum(draft)):
        raise Invalid("The conclusion is empty.", hint="Write a conclusion, then sign.")
    faults: list[Fault] = []
    if "images-missing" not in signing.acknowledged and desk.images_missing(tx, task):
        faults.append(Fault("images", "images-missing", "Images of this study have not arrived."))
    asked = store.questions(tx, task.study_uid) if draft.kind == store.REPORT else []
    faults += [
        Fault("answers", "unanswered", f"Question {number} of the consultation has no answer.")
        for number, _ in enumerate(unanswered(draft.text, asked), 1)
    ]
    if "lint" not in signing.acknowledged and (found := lint_report(draft.text)):
        faults.append(Fault("text", "lint", f"{len(found)} places use abbreviations or are not filled in."))
    if faults:
        raise NotReady(tuple(faults))
    return draft


def _is_addendum(draft: Version) -> bool:
    """An addendum says what it has to say in any section."""
    text = draft.text
    return draft.kind == store.ADDENDUM and bool((text.findings + text.conclusion + text.recommendation).strip())


def _report_before(tx: Connection, draft: Version) -> Version | None:
    """The signed report whose place the draft takes."""
    signed = [v for v in store.versions(tx, draft.task_id) if v.state in store.SIGNED and v.kind == draft.kind]
    return signed[-1] if signed else None


def _refuse_late_correction(signed: Version, now: datetime, window: timedelta) -> None:
    if signed.signed_at is not None and now >= signed.signed_at + window:
        raise NotAllowed("The time for corrections is over.", hint="Write an addendum instead.", fault="window-over")


def _two_signatures(
    before: Version | None, reader: Reader, profile: Profile, signing: Signing, now: datetime
) -> tuple[Signature, ...]:
    """The author's of before, then the verifier's; only one when they are the same person."""
    author = (
        next((s for s in before.signatures if s.role == SignatureRole.AUTHOR), None) if before is not None else None
    )
    if author is None or author.username == reader.username:
        return (_signature(SignatureRole.AUTHOR, reader, profile, signing, now),)
    return (author, _signature(SignatureRole.VERIFIER, reader, profile, signing, now))


def _signature(role: SignatureRole, reader: Reader, profile: Profile, signing: Signing, now: datetime) -> Signature:
    return Signature(role, reader.username, reader.display_name, profile.licence_number, signing.organization, now)


def _seal(
    tx: Connection,
    circumstances: Desk,
    reader: Reader,
    task: TaskRow,
    draft: Version,
    signing: Signing,
    signatures: tuple[Signature, ...],
    event: ReadingEvent,
) -> TaskRow:
    """Signs: the version with what belongs to it, the task, and the documents to come, in one transaction."""
    state = store.FINAL if event == ReadingEvent.SIGN else store.PRELIMINARY
    sealed = store.seal(
        tx,
        task.id,
        draft.version,
        state=state,
        author=reader.username,
        signatures=signatures,
        measurements=marks.for_report(tx, task.study_uid, reader.username),
        criticals=criticals.notes_of(tx, task.id),
        sop_instance_uid=signing.sop_instance_uid,
        series_instance_uid=signing.series_instance_uid,
        now=circumstances.now,
    )
    if not sealed:
        raise NotAllowed("Someone else was quicker.", hint="Open the worklist again; it has changed.")
    reason = "addendum" if draft.kind == store.ADDENDUM else ""
    after = desk.finish(tx, circumstances, reader, task.id, event, version=draft.version, reason=reason)
    enqueue(tx, NextJob("report", task.id, priority=task.priority), circumstances.now)
    return after

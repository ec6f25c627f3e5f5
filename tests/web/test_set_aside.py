"""What was set aside: seen with the reason in words, downloaded, tried again, discarded, settled; all of it audited."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from node.flow import examine
from node.ledger.schema import audit, instances, jobs
from node.web import problems
from tests.unit.flow.station import STUDY, an_object
from tests.web.world import World, ledger_of

PAGE = "/api/admin/set-aside"
ROOT = Path(problems.__file__).parent.parent.parent


def audited(world: World, kind: str) -> list[tuple[str, str]]:
    with ledger_of(world).read() as tx:
        rows = tx.execute(select(audit.c.actor, audit.c.subject).where(audit.c.kind == kind))
        return [(row.actor, row.subject) for row in rows]


@pytest.fixture
def broken(world: World) -> str:
    """The name of a file that was set aside."""
    world.receive(an_object(1, SeriesInstanceUID=""))
    (file,) = world.client("quantri").get(PAGE).json()["files"]
    return str(file["name"])


@pytest.fixture
def twice(world: World) -> dict[str, int]:
    """An object that came twice with different bytes: the versions by age."""
    world.receive(an_object(1), an_object(2))
    world.receive(an_object(1, InstanceNumber=77))
    (conflict,) = world.client("quantri").get(PAGE).json()["conflicts"]
    new, old = conflict["versions"]
    assert (new["current"], old["current"], conflict["sop_instance_uid"]) == (True, False, f"{STUDY}.1.1")
    return {"new": new["id"], "old": old["id"]}


def test_a_file_is_listed_with_the_reason_in_the_reader_s_language(world: World, broken: str) -> None:
    client = world.client("quantri")
    found = client.get(PAGE).json()
    assert found["files_total"] == 1
    assert found["files"][0]["reason"] == "The object has no Series Instance UID."
    spoken = client.get(PAGE, headers={"Accept-Language": "vi"}).json()["files"][0]["reason"]
    assert spoken == "Đối tượng thiếu Series Instance UID. Hãy kiểm tra nơi tạo ra nó rồi gửi lại."


def test_only_administrators_see_and_decide(world: World, broken: str) -> None:
    paths = {"GET": [PAGE, f"{PAGE}/files/{broken}/content"], "POST": [f"{PAGE}/files/{broken}/discard"]}
    for user in ("ktv", "bs"):
        client = world.client(user)
        for method, addresses in paths.items():
            assert {client.request(method, path).status_code for path in addresses} == {403}
    assert world.client().get(PAGE).status_code == 401


def test_a_file_is_downloaded_as_it_came_and_that_is_audited(world: World, broken: str) -> None:
    answer = world.client("quantri").get(f"{PAGE}/files/{broken}/content")
    assert answer.content == an_object(1, SeriesInstanceUID="")
    assert answer.headers["content-type"] == "application/dicom"
    assert broken in answer.headers["content-disposition"]
    assert audited(world, "quarantine-downloaded") == [("quantri", broken)]


def test_a_file_that_is_tried_again_and_still_broken_is_set_aside_again(world: World, broken: str) -> None:
    client = world.client("quantri")
    assert client.post(f"{PAGE}/files/{broken}/retry").status_code == 200
    assert world.wakes
    assert client.get(PAGE).json()["files"] == []
    world.index()
    assert [file["name"] for file in client.get(PAGE).json()["files"]] == [broken]
    assert audited(world, "quarantine-retried") == [("quantri", broken)]


def test_a_file_that_can_be_read_after_all_is_indexed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(examine, "_read", lambda path: (None, b"", "", "Reading its header takes too much."))
        world.receive(an_object(1))
    client = world.client("quantri")
    (file,) = client.get(PAGE).json()["files"]
    client.post(f"{PAGE}/files/{file['name']}/retry")
    world.index()
    assert client.get(PAGE).json()["files"] == []
    with ledger_of(world).read() as tx:
        assert tx.execute(select(instances.c.sop_instance_uid)).scalars().all() == [f"{STUDY}.1.1"]


def test_a_file_that_is_discarded_is_gone_and_the_audit_says_what_it_was(world: World, broken: str) -> None:
    client = world.client("quantri")
    assert client.post(f"{PAGE}/files/{broken}/discard").status_code == 200
    assert client.get(PAGE).json()["files"] == []
    world.indexer.note_quarantine()
    assert client.get(PAGE).json()["files"] == []
    with ledger_of(world).read() as tx:
        (detail,) = tx.execute(select(audit.c.detail).where(audit.c.kind == "quarantine-discarded")).scalars()
    assert detail["sha256"] == hashlib.sha256(an_object(1, SeriesInstanceUID="")).hexdigest()
    assert detail["reason"] == "The object has no Series Instance UID."


@pytest.mark.parametrize("what", ["files/other-000001.dcm", "files/..%2F..%2Fledger.db", "versions/99999"])
@pytest.mark.parametrize("action", ["content", "retry", "discard", "choose"])
def test_what_is_not_there_is_not_found(world: World, broken: str, what: str, action: str) -> None:
    method = "GET" if action == "content" else "POST"
    assert world.client("quantri").request(method, f"{PAGE}/{what}/{action}").status_code in (404, 405)


def test_a_conflict_shows_on_its_study(world: World, twice: dict[str, int]) -> None:
    assert world.client("ktv").get(f"/api/studies/{STUDY}").json()["conflicts"] == 1


def test_both_versions_can_be_downloaded(world: World, twice: dict[str, int]) -> None:
    client = world.client("quantri")
    contents = {age: client.get(f"{PAGE}/versions/{number}/content").content for age, number in twice.items()}
    assert contents == {"old": an_object(1), "new": an_object(1, InstanceNumber=77)}
    assert len(audited(world, "version-downloaded")) == 2


@pytest.mark.parametrize("age", ["old", "new"])
def test_the_chosen_version_is_the_one_that_the_study_shows(world: World, twice: dict[str, int], age: str) -> None:
    client = world.client("quantri")
    assert client.post(f"{PAGE}/versions/{twice[age]}/choose").status_code == 200
    assert client.get(PAGE).json()["conflicts"] == []
    study = client.get(f"/api/studies/{STUDY}").json()
    assert study["conflicts"] == 0
    assert study["instances"] == 2
    with ledger_of(world).read() as tx:
        rows = tx.execute(select(instances.c.id, instances.c.current).where(instances.c.id.in_(twice.values())))
        assert {row.id: row.current for row in rows} == {number: number == twice[age] for number in twice.values()}
        assert "route" in tx.execute(select(jobs.c.kind)).scalars().all()
    assert audited(world, "conflict-settled") == [("quantri", f"{STUDY}.1.1")]


def reasons() -> Iterator[str]:
    """Every reason for setting a file aside that the code names; `{}` for what is put in."""
    for name in (
        "dicom/part10.py",
        "dicom/dataset.py",
        "flow/examine.py",
        "flow/index.py",
        "storage/spool.py",
        "web/stow.py",
    ):
        tree = ast.parse((ROOT / "node" / name).read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and call.args:
                called = getattr(call.func, "id", getattr(call.func, "attr", ""))
                at = {"Unreadable": 0, "set_aside": 1, "_set_aside": 1}.get(called)
                yield from text_of(call.args[at]) if at is not None and at < len(call.args) else ()
            if isinstance(call, ast.keyword) and call.arg == "fault":
                yield from text_of(call.value)
    yield from (examine._SLOW, examine._KILLED)


def text_of(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant):
        yield str(value.value)
    if isinstance(value, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in value.values)


def test_every_reason_is_translated_and_none_is_left_over() -> None:
    assert set(reasons()) == set(problems.catalogue("vi")["reasons"])

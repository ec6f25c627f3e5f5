"""What the hub and the district say to each other about a study, with both as real processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flow.loop import Loop, wait_for

Push = Callable[[Loop, Path], bool]


def ask(loop: Loop, task_id: str, **body: Any) -> dict[str, Any]:
    """The reader claims and asks; returns the question as the hub keeps it."""
    with loop.api("hub", "radiologist") as api:
        api.post(f"/api/reading/tasks/{task_id}/claim").raise_for_status()
        answer = api.post(f"/api/reading/tasks/{task_id}/ask", json={"text": "Có tiền sử lao không?", **body})
        assert answer.status_code == 200, answer.text
        question: dict[str, Any] = answer.json()["items"][-1]
        return question


def task_of(loop: Loop, task_id: str) -> dict[str, Any]:
    with loop.api("hub", "radiologist") as api:
        task: dict[str, Any] = api.get(f"/api/reading/tasks/{task_id}").json()
        return task


def study_at(loop: Loop, name: str, role: str) -> str:
    """The UID of the only study there; empty while there is none."""
    with loop.api(name, role) as api:
        uids = [str(study["study_instance_uid"]) for study in api.get("/api/studies").json()["items"]]
        assert len(uids) <= 1
        return "".join(uids)


def letters_at(loop: Loop, name: str, role: str, uid: str) -> list[dict[str, Any]]:
    try:
        with loop.api(name, role) as api:
            items: list[dict[str, Any]] = api.get(f"/api/studies/{uid}/letters").json()["items"]
            return items
    except httpx.HTTPError:  # the node is just being started again
        return []


def wait_letter(loop: Loop, name: str, role: str, uid: str, kind: str) -> dict[str, Any]:
    def found() -> Any:
        return [item for item in letters_at(loop, name, role, uid) if item["kind"] == kind]

    (letter,) = wait_for(found, 60, f"a letter '{kind}' is at the {name}")
    return dict(letter)


def write(loop: Loop, uid: str, kind: str, about: str = "", **body: Any) -> None:
    with loop.api("district", "clinician") as api:
        letter = {"kind": kind, "about": about, "body": body}
        answer = api.post(f"/api/studies/{uid}/letters", json=letter)
        assert answer.status_code == 200, answer.text


def wait_notices(loop: Loop, name: str, role: str, *kinds: str) -> list[str]:
    """The kinds of all notices, once these are among them: what a letter does is done by a job, after it is there."""

    def told() -> list[str]:
        try:
            with loop.api(name, role) as api:
                found = [item["kind"] for item in api.get("/api/notices").json()["items"]]
        except httpx.HTTPError:  # the node is just being started again
            return []
        return found if set(kinds) <= set(found) else []

    return list(wait_for(told, 30, f"the {role} of the {name} is told of {kinds}"))


def test_the_whole_conversation_about_a_study(loop: Loop, ct_study: Path, storescu: Push) -> None:
    loop.start_both()
    assert storescu(loop, ct_study)
    here = wait_for(lambda: study_at(loop, "district", "clinician"), 30, "the study is at the district")
    write(loop, here, "request", summary="Ho ra máu 2 tuần.", questions=["Có u phổi không?"], urgent=True)
    (task,) = loop.wait_task(images=4)
    there = task["study_instance_uid"]
    assert there != here
    wait_letter(loop, "hub", "radiologist", there, "request")
    urgent = wait_for(
        lambda: task_of(loop, task["id"])["priority"] == "urgent", 30, "the request makes the task urgent"
    )
    assert urgent

    question = ask(loop, task["id"])
    standing = task_of(loop, task["id"])
    assert standing["state"] == "needs-info"
    arrived = wait_letter(loop, "district", "clinician", here, "question")
    assert (arrived["id"], arrived["open"], arrived["mine_side"]) == (question["id"], True, False)
    wait_notices(loop, "district", "clinician", "question")
    wait_notices(loop, "district", "radiographer", "question")
    assert task_of(loop, task["id"])["clock"]["used_seconds"] == standing["clock"]["used_seconds"]
    write(loop, here, "answer", about=question["id"], text="Đã điều trị lao năm 2019.")
    wait_for(lambda: task_of(loop, task["id"])["state"] == "ready", 30, "the answer puts the task back")
    assert task_of(loop, task["id"])["clock"]["running"]

    with loop.api("hub", "radiologist") as api:
        api.post(f"/api/reading/tasks/{task['id']}/claim").raise_for_status()
        path = f"/api/reading/tasks/{task['id']}/criticals"
        api.post(path, json={"category": 1, "text": "Tràn khí màng phổi áp lực."}).raise_for_status()
        critical = wait_letter(loop, "district", "clinician", here, "critical")
        wait_for(lambda: api.get(path).json()["items"][0]["state"] == "told", 30, "the hub knows that it was told")
        write(loop, here, "noted", about=critical["id"], read_back=True)
        wait_for(lambda: api.get(path).json()["items"][0]["state"] == "noted", 30, "the finding is noted")
    loop.sign(task["id"], answers=[{"question": "Có u phổi không?", "answer": "Không thấy."}])
    loop.wait_reports()
    write(loop, here, "acceptance", accepted="partly", reason="Đã chuyển viện trước khi có kết quả.")
    write(loop, here, "outcome", diagnosis="U phổi phải", course="Đã mổ", agrees="yes")
    for kind in ("acceptance", "outcome"):
        wait_letter(loop, "hub", "radiologist", there, kind)
    wait_notices(loop, "hub", "radiologist", "accepted", "outcome", "critical-noted", "answered")
    kinds = [item["kind"] for item in letters_at(loop, "hub", "radiologist", there)]
    assert sorted(kinds) == sorted(item["kind"] for item in letters_at(loop, "district", "clinician", here))
    assert len(kinds) == len(set(kinds)) == 7


@pytest.mark.parametrize(
    ("name", "boundary"),
    [
        ("district", "letters.after_keep"),
        ("district", "letter.after_settle"),
        ("hub", "letters.before_keep"),
        ("hub", "letter.after_settle"),
    ],
)
def test_a_question_and_its_answer_come_through_once_though_a_node_dies_at(
    name: str, boundary: str, loop: Loop, ct_study: Path, storescu: Push
) -> None:
    loop.start_both()
    assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    here, there = study_at(loop, "district", "clinician"), task["study_instance_uid"]
    loop.kill(name)
    if name == "hub":
        loop.start(name, crash=boundary)
        loop.wait_ready(name)
    question = ask(loop, task["id"])
    if name == "district":
        loop.start(name, crash=boundary)
        loop.wait_killed(name)
        loop.start(name)
    wait_letter(loop, "district", "clinician", here, "question")
    wait_notices(loop, "district", "clinician", "question")  # nobody is told of what is answered already
    write(loop, here, "answer", about=question["id"], text="Có.")
    if name == "hub":
        loop.wait_killed(name)
        loop.start(name)
    wait_letter(loop, "hub", "radiologist", there, "answer")
    wait_for(lambda: task_of(loop, task["id"])["state"] == "ready", 60, "the answer puts the task back")
    kinds = [
        [i["kind"] for i in letters_at(loop, *where)]
        for where in (("district", "clinician", here), ("hub", "radiologist", there))
    ]
    assert kinds == [["question", "answer"]] * 2
    assert wait_notices(loop, "hub", "radiologist", "answered").count("answered") == 1
    assert wait_notices(loop, "district", "clinician", "question").count("question") == 1

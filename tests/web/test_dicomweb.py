"""DICOMweb there and back: what is stored comes out as it went in."""

from __future__ import annotations

import io
from typing import Any

import pytest
from httpx import Response
from pydicom import dcmread

from node.domain.study import Via
from node.ledger import objects, operator
from node.ledger.objects import Place
from node.web import stow
from tests.web.world import PEER_TOKEN, STUDY, World, ct, multipart

SUCCESS, FAILED = "00081199", "00081198"


def parts_of(answer: Response) -> list[tuple[str, bytes]]:
    """(content type, body) of each part of a multipart answer."""
    boundary = answer.headers["content-type"].rpartition("boundary=")[2].encode()
    found = []
    for piece in answer.content.split(b"--" + boundary)[1:-1]:
        head, _, body = piece.partition(b"\r\n\r\n")
        found.append((head.strip().decode().removeprefix("Content-Type: "), body.removesuffix(b"\r\n")))
    return found


def reasons(answer: Response) -> list[int]:
    return [item["00081197"]["Value"][0] for item in answer.json().get(FAILED, {}).get("Value", [])]


def stored_uids(answer: Response) -> list[str]:
    return [item["00081155"]["Value"][0] for item in answer.json().get(SUCCESS, {}).get("Value", [])]


def rows(world: World, study: str = STUDY) -> list[Any]:
    with world.node.ledger.read() as tx:
        return list(objects.find_objects(tx, Place(study)))


def test_objects_come_out_byte_for_byte_as_they_were_stored(world: World) -> None:
    sent = [ct(1), ct(2), ct(3)]
    answer = world.client("ktv").post("/dicom-web/studies", **multipart(*sent))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert stored_uids(answer) == [f"{STUDY}.1.{n}" for n in (1, 2, 3)]
    assert world.wakes == [1]
    world.index()
    assert {row.via for row in rows(world)} == {"stow"}
    got = world.client("bs").get(f"/dicom-web/studies/{STUDY}")
    assert got.status_code == 200
    assert [body for _, body in parts_of(got)] == sent
    assert parts_of(got)[0][0] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"


def test_a_bad_part_does_not_hurt_the_good_ones_beside_it(world: World) -> None:
    client = world.client("ktv")
    answer = client.post("/dicom-web/studies", **multipart(ct(1), b"this is no DICOM file" * 20, b"", ct(2)))
    assert answer.status_code == 202
    assert stored_uids(answer) == [f"{STUDY}.1.1", f"{STUDY}.1.2"]
    assert reasons(answer) == [0xC000, 0xC000]
    world.index()
    world.indexer.note_quarantine()
    assert len(rows(world)) == 2
    with world.node.ledger.read() as tx:
        assert len(operator.queue(tx)["quarantine"]) == 2


def test_nothing_but_bad_parts_is_a_conflict(world: World) -> None:
    answer = world.client("ktv").post("/dicom-web/studies", **multipart(b"x" * 5000))
    assert answer.status_code == 409
    assert SUCCESS not in answer.json()


def test_a_study_address_takes_only_its_own_study(world: World) -> None:
    body = multipart(ct(1), ct(1, study="1.2.3.4"))
    answer = world.client("ktv").post(f"/dicom-web/studies/{STUDY}", **body)
    assert answer.status_code == 202
    assert reasons(answer) == [0x0110]
    assert answer.json()[FAILED]["Value"][0]["00081155"]["Value"] == ["1.2.3.4.1.1"]
    world.index()
    assert rows(world, "1.2.3.4") == []


def test_a_full_disk_is_told_as_a_passing_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.node.intake, "_min_free", 1 << 62)
    answer = world.client("ktv").post("/dicom-web/studies", **multipart(ct(1), ct(2)))
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert reasons(answer) == [0xA700, 0xA700]
    world.index()
    assert rows(world) == []


@pytest.mark.parametrize("cut", [1, 30, 400])
def test_a_body_that_breaks_off_keeps_the_whole_parts_only(world: World, cut: int) -> None:
    request = multipart(ct(1), ct(2))
    request["content"] = request["content"][:-cut]
    answer = world.client("ktv").post("/dicom-web/studies", **request)
    assert answer.status_code == (200 if cut == 1 else 400)
    world.index()
    assert {row.sop_instance_uid for row in rows(world)} <= {f"{STUDY}.1.1", f"{STUDY}.1.2"}
    assert len(rows(world)) == (2 if cut == 1 else 1)
    assert list((world.node.settings.node.directory / "spool" / "incoming").glob("*")) == []


def test_an_object_larger_than_the_limit_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world.node.settings.model_copy(
        update={"dicom": world.node.settings.dicom.model_copy(update={"max_object_mb": 1})}
    )
    monkeypatch.setattr(stow, "PIECE", 1000)
    object.__setattr__(world.node, "settings", settings)
    large = ct(1, Rows=1024, Columns=1024, PixelData=bytes(2 << 20))
    answer = world.client("ktv").post("/dicom-web/studies", **multipart(large, ct(2)))
    assert answer.status_code == 202
    assert reasons(answer) == [0x0110]
    assert stored_uids(answer) == [f"{STUDY}.1.2"]


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/related", 'multipart/related; type="text/plain"; boundary=x']
)
def test_other_bodies_are_not_taken(world: World, kind: str) -> None:
    answer = world.client("ktv").post("/dicom-web/studies", content=b"--x--", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported-media"


def test_another_node_stores_over_the_link(world: World) -> None:
    request = multipart(ct(1))
    request["headers"]["Authorization"] = f"Bearer {PEER_TOKEN}"
    answer = world.client().post(f"/dicom-web/studies/{STUDY}", **request)
    assert answer.status_code == 200
    world.index()
    (row,) = rows(world)
    assert (row.via, row.peer, row.facility) == ("link", "node-dh", "DEMO-DH")


def test_another_node_cannot_add_to_a_study_of_someone_else(world: World) -> None:
    world.receive(ct(1), facility="DEMO-TW")
    request = multipart(ct(2))
    request["headers"]["Authorization"] = f"Bearer {PEER_TOKEN}"
    answer = world.client().post("/dicom-web/studies", **request)
    assert answer.status_code == 409
    assert reasons(answer) == [0x0124]
    world.index()
    assert len(rows(world)) == 1


def test_searches_find_by_each_attribute(world: World) -> None:
    world.receive(ct(1), ct(2))
    world.receive(
        ct(1, study="1.2.3", PatientName="Lê^Văn Cường", PatientID="P-2", AccessionNumber="B1", StudyDate="20250101",
           Modality="MR")
    )  # fmt: skip
    client = world.client("bs")

    def found(**parameters: str) -> set[str]:
        answer = client.get("/dicom-web/studies", params=parameters)
        assert answer.status_code == 200, answer.text
        return {study["0020000D"]["Value"][0] for study in answer.json()}

    both = {STUDY, "1.2.3"}
    assert found() == both
    assert found(PatientID="P-2") == {"1.2.3"}
    assert found(PatientID="P-*") == both
    assert found(PatientID="P_2") == set()
    assert found(**{"00100020": "P-000?"}) == {STUDY}
    assert found(PatientName="*dao*") == {STUDY}
    assert found(PatientName="Nguyễn^Thị Đào") == {STUDY}
    assert found(PatientName="nguyen thi") == set()
    assert found(AccessionNumber="B1") == {"1.2.3"}
    assert found(StudyDate="20260301") == {STUDY}
    assert found(StudyDate="-20251231") == {"1.2.3"}
    assert found(StudyDate="20250101-20260301") == both
    assert found(ModalitiesInStudy="MR,US") == {"1.2.3"}
    assert found(StudyInstanceUID=f"1.2.3,{STUDY}") == both
    assert found(limit="1") | found(limit="1", offset="1") == both
    assert client.get("/dicom-web/studies", params={"StudyDate": "yesterday"}).status_code == 422
    assert "299" in client.get("/dicom-web/studies", params={"SeriesDescription": "x"}).headers["warning"]


def test_a_found_study_is_described_as_the_standard_says(world: World) -> None:
    world.receive(ct(1), ct(2))
    (study,) = world.client("bs").get("/dicom-web/studies").json()
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Nguyễn^Thị Đào"}]}
    assert study["00080061"]["Value"] == ["CT"]
    assert study["00201206"]["Value"] == [1]
    assert study["00201208"]["Value"] == [2]
    assert study["00081190"]["Value"] == [f"http://testserver/dicom-web/studies/{STUDY}"]
    (series,) = world.client("bs").get(f"/dicom-web/studies/{STUDY}/series").json()
    assert series["00201209"]["Value"] == [2]
    instances = world.client("bs").get(f"/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances").json()
    assert [instance["00200013"]["Value"][0] for instance in instances] == [1, 2]


def test_metadata_has_every_object_and_no_pixels(world: World) -> None:
    world.receive(*(ct(n) for n in range(1, 131)))
    client = world.client("bs")
    answer = client.get(f"/dicom-web/studies/{STUDY}/metadata")
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.headers["content-encoding"] == "gzip"
    models = answer.json()
    assert len(models) == 130
    assert all("7FE00010" not in model for model in models)
    one = client.get(f"/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.7/metadata").json()
    assert one[0]["00080018"]["Value"] == [f"{STUDY}.1.7"]


def test_frames_come_as_stored(world: World) -> None:
    content = ct(1, NumberOfFrames=2, PixelData=bytes(128) + b"\x01" * 128)
    world.receive(content)
    base = f"/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1/frames"
    client = world.client("bs")
    assert [body for _, body in parts_of(client.get(f"{base}/2,1"))] == [b"\x01" * 128, bytes(128)]
    for bad in ("3", "0", "1,", "a", "1,,2"):
        assert client.get(f"{base}/{bad}").status_code == 404


def test_one_object_may_come_without_multipart(world: World) -> None:
    sent = ct(1)
    world.receive(sent)
    path = f"/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances/{STUDY}.1.1"
    answer = world.client("bs").get(path, headers={"Accept": "application/dicom"})
    assert answer.content == sent
    assert str(dcmread(io.BytesIO(answer.content)).PatientName) == "Nguyễn^Thị Đào"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ('multipart/related; type="application/dicom"; transfer-syntax=*', 200),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 406),
        ("multipart/related; type=application/dicom, text/html", 200),
        ("image/jpeg", 406),
    ],
)
def test_what_the_caller_accepts_is_respected(world: World, accept: str, status: int) -> None:
    world.receive(ct(1))
    assert world.client("bs").get(f"/dicom-web/studies/{STUDY}", headers={"Accept": accept}).status_code == status


def test_a_twin_under_a_pseudonym_is_never_shown(world: World) -> None:
    world.receive(ct(1), via=Via.LINK, peer="node-dh")
    with world.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE studies SET shadow = 1")
    client = world.client("bs")
    assert client.get("/dicom-web/studies").json() == []
    for path in ("", "/metadata", "/series/1/instances/1", f"/series/{STUDY}.1/metadata"):
        assert client.get(f"/dicom-web/studies/{STUDY}{path}").status_code == 404
    assert client.get("/api/studies").json() == {"items": [], "total": 0}
    assert client.get(f"/api/studies/{STUDY}").status_code == 404
    assert client.get(f"/api/studies/{STUDY}/timeline").status_code == 404


def test_our_own_viewer_gets_frames_metadata_and_thumbnails(world: World) -> None:
    world.receive(ct(2), ct(1))
    client = world.client("bs")
    base = f"/api/display/studies/{STUDY}/series/{STUDY}.1"
    models = client.get(f"{base}/metadata").json()
    assert [model["00200013"]["Value"][0] for model in models] == [1, 2]
    frame = client.get(f"{base}/instances/{STUDY}.1.1/frames/1")
    assert frame.headers["content-type"] == "image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202"
    assert "immutable" in frame.headers["cache-control"]
    again = client.get(f"{base}/instances/{STUDY}.1.1/frames/1", headers={"If-None-Match": frame.headers["etag"]})
    assert again.status_code == 304
    preview = client.get(f"{base}/instances/{STUDY}.1.1/frames/1?res=1")
    assert preview.headers["etag"] != frame.headers["etag"]
    assert client.get(f"{base}/instances/{STUDY}.1.1/frames/2").status_code == 404
    for path in (f"{base}/thumbnail", f"{base}/instances/{STUDY}.1.1/thumbnail"):
        thumbnail = client.get(path)
        assert thumbnail.headers["content-type"] == "image/jpeg"
        assert thumbnail.content[:2] == b"\xff\xd8"

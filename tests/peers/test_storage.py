"""Every stack says hello and stores; what is kept is what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from pydicom import dcmread

from node.dicom.dataset import dataset_digest
from tests.orthanc import OrthancServer
from tests.peers import ctn, dcmjs_dimse, dcmtk, odil, pixelmed, pynetdicom_apps, receivers
from tests.peers.gateway import AE_TITLE, Gateway
from tests.peers.objects import EXPLICIT, IMPLICIT, JPEG_2000, NAME, write_study
from tests.peers.receivers import Receiver
from tests.peers.relay import P_DATA, relay

NUMBERS = count(1)
Store = Callable[..., int]

ECHOES = {
    "DCMTK": dcmtk.echo,
    "odil": odil.echo,
    "CTN": ctn.echo,
    "dcmjs-dimse": dcmjs_dimse.echo,
    "pynetdicom": pynetdicom_apps.echo,
    "pixelmed": lambda port: "was successful" in pixelmed.echo(port).text,
}
STORES: dict[str, Store] = {
    "storescu": dcmtk.store,
    "dcmsend": dcmtk.dcmsend,
    "odil": odil.store,
    "CTN": ctn.store,
    "dcmjs-dimse": dcmjs_dimse.store,
    "pynetdicom": pynetdicom_apps.store,
}
ENCODES_ANEW = {"CTN", "dcmjs-dimse"}  # what they send is not byte by byte what the file holds


@pytest.fixture
def study() -> str:
    """The UID of a study that is nobody else's."""
    return f"2.25.1000.{next(NUMBERS)}"


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """Keeps bit by bit what a program sends (Implicit VR Little Endian), so that nobody has to take our word for it."""
    with receivers.dcmtk(tmp_path_factory.mktemp("witness") / "objects", AE_TITLE, "+xi") as running:
        yield running


@pytest.mark.parametrize("stack", ECHOES)
def test_an_echo_is_answered(gateway: Gateway, stack: str) -> None:
    assert ECHOES[stack](gateway.port)


@pytest.mark.parametrize("stack", STORES)
def test_the_bytes_that_are_kept_are_the_bytes_that_were_sent(
    gateway: Gateway, witness: Receiver, tmp_path: Path, study: str, stack: str
) -> None:
    files = write_study(tmp_path, study, 3, syntax=IMPLICIT if stack in ENCODES_ANEW else EXPLICIT)
    assert STORES[stack](gateway.port, *files) == 3
    if stack in ENCODES_ANEW:
        witness.clear()
        assert STORES[stack](witness.port, *files) == 3
        assert gateway.digests(study, 3) == witness.digests
    else:
        assert gateway.digests(study, 3) == sorted(dataset_digest(file) for file in files)


def test_pixelmed_stores(gateway: Gateway, tmp_path: Path, study: str) -> None:
    [file] = write_study(tmp_path, study, 1)
    pixelmed.store(gateway.port, file)
    assert gateway.digests(study, 1) == [dataset_digest(file)]


@pytest.mark.parametrize(
    ("store", "join"), [(odil.store, False), (pixelmed.store_in_one_pdu, True)], ids=["odil", "pixelmed"]
)
def test_command_and_data_may_come_in_one_pdu(
    gateway: Gateway, tmp_path: Path, study: str, store: Callable[[int, Path], object], join: bool
) -> None:
    """odil sends always so. pixelmed has a program for it, which sends two PDUs all the same in Debian 12: the relay makes
    one of them."""
    [file] = write_study(tmp_path, study, 1)
    with relay(gateway.port, join=join) as noted:
        store(noted.port, file)
    assert noted.parts()[0] == ("command", "data")
    assert gateway.digests(study, 1) == [dataset_digest(file)]


@pytest.mark.parametrize("size", [4096, 131072])
def test_small_and_large_pdus_are_taken(gateway: Gateway, tmp_path: Path, study: str, size: int) -> None:
    files = write_study(tmp_path, study, 2)
    with relay(gateway.port) as noted:
        assert dcmtk.dcmtk("storescu", noted.port, *files, options=("--max-send-pdu", str(size))).ok
    assert max(len(body) for kind, body in noted.pdus if kind == P_DATA) <= size
    assert (len(noted.parts()) > 6) == (size == 4096)
    assert gateway.digests(study, 2) == sorted(dataset_digest(file) for file in files)


def test_all_stacks_store_at_the_same_time(gateway: Gateway, tmp_path: Path, study: str) -> None:
    uids = {stack: f"{study}.{number}" for number, stack in enumerate(STORES)}
    sent = {stack: write_study(tmp_path / stack, uid, 10) for stack, uid in uids.items()}
    with ThreadPoolExecutor(len(STORES)) as pool:
        running = [pool.submit(STORES[stack], gateway.port, *files) for stack, files in sent.items()]
        assert [one.result() for one in running] == [10] * len(STORES)
    assert [len(gateway.wait_instances(uid, 10)) for uid in uids.values()] == [10] * len(STORES)


@pytest.mark.parametrize("program", ["storescu", "dcmsend"])
def test_compressed_images_come_as_they_are(gateway: Gateway, tmp_path: Path, study: str, program: str) -> None:
    files = write_study(tmp_path, study, 2, syntax=JPEG_2000)
    options = ("-xv",) if program == "storescu" else ("-dn",)
    assert dcmtk.dcmtk(program, gateway.port, *files, options=options).ok
    rows = gateway.wait_instances(study, 2)
    assert {row.transfer_syntax_uid for row in rows} == {JPEG_2000}
    assert sorted(row.digest for row in rows) == sorted(dataset_digest(file) for file in files)


def test_orthanc_stores_what_it_was_given(gateway: Gateway, orthanc: OrthancServer, tmp_path: Path, study: str) -> None:
    files = write_study(tmp_path, study, 3)
    orthanc.know(AE_TITLE, gateway.port)
    given = [orthanc.give(file) for file in files]
    assert orthanc.echo(AE_TITLE)
    assert orthanc.store(AE_TITLE, given) == 0
    assert gateway.digests(study, 3) == sorted(dataset_digest(file) for file in files)


def test_orthanc_sends_on_what_is_compressed(
    gateway: Gateway, orthanc: OrthancServer, tmp_path: Path, study: str
) -> None:
    files = write_study(tmp_path, study, 2, syntax=JPEG_2000)
    orthanc.know(AE_TITLE, gateway.port)
    assert orthanc.store(AE_TITLE, [orthanc.give(file) for file in files]) == 0
    rows = gateway.wait_instances(study, 2)
    assert {row.transfer_syntax_uid for row in rows} == {JPEG_2000}
    assert sorted(row.digest for row in rows) == sorted(dataset_digest(file) for file in files)


def test_names_keep_their_accents(gateway: Gateway, tmp_path: Path, study: str) -> None:
    odil.store(gateway.port, *write_study(tmp_path, study, 1))
    [row] = gateway.wait_instances(study, 1)
    assert str(dcmread(gateway.file(row)).PatientName) == NAME


def test_a_peer_that_shuts_others_down_does_no_harm(gateway: Gateway) -> None:
    """`termscu` proposes DCMTK's private SOP class for shutting a server down."""
    assert "No Acceptable Presentation Contexts" in dcmtk.dcmtk("termscu", gateway.port).text
    assert dcmtk.echo(gateway.port)

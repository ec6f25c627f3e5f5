"""Objects as files: durable, written once, never half there."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.errors import Invalid, NotFound, StorageFull
from node.storage.filesystem import FileStorage, open_storage

DIGEST = "ab" + "0" * 62


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "objects")


def a_file(folder: Path, content: bytes = b"content", name: str = "file") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def on_another_disk(*_: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def test_what_was_adopted_is_found_by_its_digest_and_the_file_stays(storage: FileStorage, tmp_path: Path) -> None:
    file = a_file(tmp_path)
    assert not storage.exists(DIGEST)
    storage.adopt([(file, DIGEST)])
    assert storage.exists(DIGEST)
    assert storage.path(DIGEST).read_bytes() == b"content"
    with storage.open(DIGEST) as opened:
        assert opened.read() == b"content"
    assert file.exists()


def test_an_object_never_changes_once_it_is_there(storage: FileStorage, tmp_path: Path) -> None:
    storage.adopt([(a_file(tmp_path), DIGEST)])
    storage.adopt([(a_file(tmp_path, b"other", "other"), DIGEST)])
    assert storage.path(DIGEST).read_bytes() == b"content"


def test_a_file_of_another_disk_is_copied(
    storage: FileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", on_another_disk)
    storage.adopt([(a_file(tmp_path), DIGEST)])
    assert storage.path(DIGEST).read_bytes() == b"content"
    assert [p.name for p in storage.path(DIGEST).parent.iterdir()] == [DIGEST]


def test_many_may_copy_the_same_object_at_once(
    storage: FileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", on_another_disk)
    files = [a_file(tmp_path, os.urandom(1) * 0 + b"x" * (3 << 20), f"f{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda file: storage.adopt([(file, DIGEST)]), files))
    assert storage.path(DIGEST).stat().st_size == 3 << 20
    assert len(list(storage.path(DIGEST).parent.iterdir())) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_no_half_object(
    storage: FileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "hardlink_to", on_another_disk)
        patch.setattr("node.storage.filesystem.shutil.copyfileobj", full)
        with pytest.raises(StorageFull):
            storage.adopt([(a_file(tmp_path), DIGEST)])
    assert not storage.exists(DIGEST)
    assert list((storage.folder / DIGEST[:2]).iterdir()) == []
    storage.adopt([(a_file(tmp_path), DIGEST)])
    assert storage.exists(DIGEST)


def test_a_disk_that_is_full_even_for_a_folder_is_told(
    storage: FileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(StorageFull):
        storage.adopt([(a_file(tmp_path), DIGEST)])


@pytest.mark.parametrize("digest", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "/" + "0" * 63])
def test_what_is_no_digest_names_no_file(storage: FileStorage, digest: str) -> None:
    with pytest.raises(NotFound):
        storage.path(digest)
    with pytest.raises(NotFound):
        storage.exists(digest)


def test_what_is_not_there_is_not_found(storage: FileStorage) -> None:
    with pytest.raises(NotFound):
        storage.open(DIGEST)


def test_only_files_are_a_storage_so_far(tmp_path: Path) -> None:
    assert open_storage(f"file://{tmp_path / 'o'}").folder == tmp_path / "o"
    with pytest.raises(Invalid, match="file:///folder"):
        open_storage("s3://bucket:secret@host")

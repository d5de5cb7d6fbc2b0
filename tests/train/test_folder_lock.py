"""One process in a folder at a time, whoever comes and goes."""

from pathlib import Path

import pytest

from encaudit.errors import InputError
from encaudit.train.folder_lock import LOCK, FolderLock
from encaudit.train.run_folder import RunFolder


def test_the_lock_is_free_after_its_release_and_leaves_nothing(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take()
    for refused in (second.take, second.refuse_held):
        with pytest.raises(InputError, match="Another process is training in"):
            refused()
    first.release()
    second.refuse_held()
    second.take()
    second.release()
    assert not list(tmp_path.iterdir())


def test_a_lock_that_was_removed_while_it_was_awaited_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = FolderLock(tmp_path)
    looked = FolderLock._is_at_its_place

    def meanwhile(self: FolderLock, opened: int) -> bool:
        monkeypatch.setattr(FolderLock, "_is_at_its_place", looked)
        (tmp_path / LOCK).unlink()  # its holder went, between our opening and our lock
        return looked(self, opened)

    monkeypatch.setattr(FolderLock, "_is_at_its_place", meanwhile)
    late.take()
    with pytest.raises(InputError, match="Another process"):
        FolderLock(tmp_path).take()
    late.release()


def test_a_lock_left_by_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("")
    folder = RunFolder(tmp_path)
    folder.refuse_taken()
    folder.create()
    with pytest.raises(InputError, match="Another process"):
        FolderLock(tmp_path).take()
    folder.release()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_filled_meanwhile_is_left_alone(tmp_path: Path) -> None:
    late = RunFolder(tmp_path / "out")
    late.refuse_taken()
    early = RunFolder(tmp_path / "out")
    early.create()
    early.write("state.pkl", lambda path: path.write_bytes(b"of the other"))
    early.release()
    with pytest.raises(InputError, match="is not empty"):
        late.create()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["state.pkl"]

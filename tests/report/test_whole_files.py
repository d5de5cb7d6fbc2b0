"""Several files are all written, or none is touched."""

import os
from pathlib import Path

import pytest

from encaudit.errors import InputError
from encaudit.report.whole_files import write_new, write_whole


def test_all_are_written_and_their_folders_made(tmp_path: Path) -> None:
    one, other = tmp_path / "a.txt", tmp_path / "deep" / "er" / "b.txt"
    one.write_text("old")
    write_whole({one: "new\n", other: "more"})
    assert one.read_bytes() == b"new\n" and other.read_text() == "more"
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "deep"]


@pytest.mark.parametrize("where", ["folder", "below a file", "device"])
def test_where_one_cannot_be_written_none_is(where: str, tmp_path: Path) -> None:
    one, file = tmp_path / "a.txt", tmp_path / "file"
    one.write_text("old")
    file.write_text("")
    bad = {"folder": tmp_path, "below a file": file / "b.txt", "device": Path("/dev/null")}[where]
    with pytest.raises(InputError, match="cannot be written"):
        write_whole({one: "new", bad: "more"})
    assert one.read_text() == "old" and sorted(os.listdir(tmp_path)) == ["a.txt", "file"]
    assert not Path("/dev/null").is_file()


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole({tmp_path / "link": "text"})
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "text"


def test_permissions_stay_and_new_files_have_the_usual_ones(tmp_path: Path) -> None:
    kept, new, usual = tmp_path / "kept", tmp_path / "new", tmp_path / "usual"
    kept.write_text("")
    kept.chmod(0o640)
    usual.write_text("")
    write_whole({kept: "text", new: "text"})
    assert kept.stat().st_mode & 0o777 == 0o640 and new.stat().st_mode == usual.stat().st_mode


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_is_never_written_over(links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", _not_permitted)
    path = tmp_path / "new.json"
    write_new(path, "first")
    with pytest.raises(FileExistsError):
        write_new(path, "second")
    assert path.read_text() == "first" and list(tmp_path.iterdir()) == [path]
    assert path.stat().st_nlink == 1


def _not_permitted(path: Path, _: Path) -> None:
    raise PermissionError(1, "Operation not permitted", str(path))

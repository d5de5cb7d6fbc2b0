"""`encaudit select` says on stderr what it kept and where it is; nothing on standard output."""

import sys
from pathlib import Path

import pytest

import encaudit.cli
from tests.images.written_stacks import write_star
from tests.selecting.audits import five_images, write_ten_images


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "select", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_what_was_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    audit = five_images(tmp_path / "a", {"path": str(write_ten_images(tmp_path))})
    (tmp_path / "far").mkdir()
    star = tmp_path / "far" / "s.star"
    assert run(monkeypatch, audit, "--stable", 0.6, "-t", "roll1", "--ind", tmp_path / "i.pkl", "--star", star) == 0
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == "Kept 3 of 5 images: stability of at least 0.6 under roll1."
    assert lines[1:3] == [f"Written: {tmp_path / 'i.pkl'}", f"Written: {star}"]
    assert f"start from {tmp_path}: pass that as --datadir. Poses and CTF are of the whole stack" in lines[3]
    assert len(lines) == 4


def test_a_star_of_other_files_is_taken_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    audit = five_images(tmp_path / "a", {"path": str(write_ten_images(tmp_path))})
    other = write_star(tmp_path / "other.star", [f"{i + 1}@micrograph{i}.mrcs" for i in range(10)])
    star = tmp_path / "s.star"
    assert run(monkeypatch, audit, "--stable", 0.6, "-t", "roll1", "--star", star, "--images", other) == 0
    assert "other.star were taken in the order of the stack: it names" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stable", "0.9", "-t", "rol1"], "Did you mean 'roll1'"),
        (["--stable", "1.5"], "from 0"),
        (["--stable", "0.99"], "None of the 5 images"),
        ([], "--stable"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    audit = five_images(tmp_path / "a")
    assert run(monkeypatch, audit, *arguments, "--ind", tmp_path / "i.pkl") == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "i.pkl").exists()

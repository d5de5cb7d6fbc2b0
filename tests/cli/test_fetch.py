"""`encaudit fetch` says where the files are and what to type next; bad input is one sentence and writes nothing."""

import sys
from pathlib import Path

import numpy as np
import pytest

import encaudit.cli
from encaudit.datasets import mnist
from encaudit.errors import InputError
from encaudit.images import open_stack

FIXTURES = Path(__file__).parents[2] / "fixtures"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "fetch", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_the_demo_is_made_without_a_network_and_is_the_data_of_the_fixtures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    own = tmp_path / "particles" / "notes.txt"
    own.parent.mkdir()
    own.write_text("of the user's own")
    assert run(monkeypatch, "demo", "-o", tmp_path) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "Simulated, not measured" in said.err
    assert f"encaudit train vae --images {tmp_path}/particles/particles.mrcs" in said.err
    assert own.read_text() == "of the user's own"
    made, committed = (
        open_stack(folder / "particles" / "particles.mrcs", poses=folder / "particles" / "poses.pkl")
        for folder in (tmp_path, FIXTURES)
    )
    rows = np.arange(5)
    np.testing.assert_allclose(made.read(rows).images, committed.read(rows).images, atol=1e-2)
    digits, theirs = (
        open_stack(folder / "digits" / "images-idx3-ubyte.gz").read(rows).images for folder in (tmp_path, FIXTURES)
    )
    assert np.array_equal(digits, theirs)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mist"], "Did you mean 'mnist'"),
        (["demo", "--from", "."], "without --from"),
        (["mnist", "--from", "nowhere"], "is no folder"),
        (["empiar-10076", "--from", "nowhere"], "is no folder"),
        ([], "NAME"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments, "-o", tmp_path / "to") == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_mnist_that_was_not_fetched_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "cache_folder", lambda name: tmp_path / name)
    with pytest.raises(InputError, match="encaudit fetch mnist"):
        mnist.fetched_file(mnist.TRAIN_IMAGES)


def test_a_copy_of_the_real_mnist_is_what_was_published(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "mnist", "--from", shared_data / "mnist", "-o", tmp_path) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(file.name for file in mnist.FILES)
    assert "60,000 digits" in capsys.readouterr().err
    assert len(open_stack(tmp_path / mnist.TRAIN_IMAGES)) == 60_000

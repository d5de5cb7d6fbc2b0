"""`encaudit train --dataset`: digits by name or path, and what belongs to particles is refused."""

import json
import sys
from pathlib import Path

import pytest

import encaudit.cli
from encaudit.images import open_stack
from encaudit.images.idx import write_idx

FIXTURE = Path(__file__).parents[2] / "fixtures" / "digits"
SMALL = ("--epochs", "1", "--enc", "1x8", "--dec", "1x8", "--n", "128")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "train", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.mark.parametrize("kind", ["vae", "vlt", "twin"])
def test_a_run_is_trained_and_said_what_to_type_next(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, kind, "--dataset", FIXTURE, *SMALL, "--device", "cpu", "-o", tmp_path / "run") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "Trained for 1 epochs on 128 images" in said.err
    assert f"encaudit probe {tmp_path / 'run'} --images {FIXTURE / 'images-idx3-ubyte.gz'}" in said.err
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["kind"], record["data"], record["finished"]) == (kind, "digits", True)
    assert record["options"]["encoder_layers"] == [8]


def test_a_finished_run_goes_on_for_more_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    given = ("vae", "--dataset", FIXTURE, *SMALL[2:], "--device", "cpu", "-o", tmp_path / "run")
    assert run(monkeypatch, *given, "--epochs", 1) == 0
    assert run(monkeypatch, *given, "--epochs", 2, "--resume") == 0
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["epochs"]) == 2
    capsys.readouterr()
    assert run(monkeypatch, *given, "--epochs", 3, "--resume", "--lr", 0.5) == 2
    assert "was started with lr 0.01" in capsys.readouterr().err
    assert run(monkeypatch, *given, "--epochs", 3, "--resume", "--arch", "paper-text", "--dec", "2x8") == 2
    assert "was started with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--poses", "p.pkl"], "--poses belongs to particles"),
        (["--preset", "paper"], "--preset and --like are of particles"),
        (["--arch", "papercode"], "Did you mean 'paper-code'"),
        (["--dataset", "mnits"], "expected mnist"),
        (["--zdim", "0"], "--zdim: found 0"),
        (["--n", "100"], "fewer than the 128"),
        (["--init", "zero"], "is for `encaudit train vlt`"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "vae", "--dataset", FIXTURE, *arguments, "-o", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_options_of_digits_need_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "vae", "--shift", 1, "-o", tmp_path / "run") == 2
    assert "--dataset" in capsys.readouterr().err


def test_mnist_itself_trains(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    images = open_stack(shared_data / "mnist" / "train-images-idx3-ubyte.gz", n=512)
    write_idx((255 * images.read(images.index).images.numpy()).round(), tmp_path / "few")
    given = ("--epochs", 20, "--device", "cpu", "-o", tmp_path / "run")
    assert run(monkeypatch, "vae", "--dataset", tmp_path / "few", *given) == 0
    epochs = json.loads((tmp_path / "run" / "run.json").read_text())["epochs"]
    assert epochs[-1]["train"]["reconstruction"] < 0.9 * epochs[0]["train"]["reconstruction"]
    assert 1 < epochs[-1]["train"]["kl"] < 12

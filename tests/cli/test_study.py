"""`encaudit study`: what cannot be is one sentence and exit code 2; a signal ends with a way to go on."""

import sys
from pathlib import Path

import pytest

import encaudit.cli
from tests.study.small_study import write_data


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "study", "paper", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_an_unknown_scale_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "--scale", "smal", "-o", tmp_path / "out") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("encaudit: ")
    assert "small" in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_particles_of_your_own_that_are_missing_leave_nothing_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    told = write_data(tmp_path / "data") | {"poses": str(tmp_path / "nowhere.pkl")}
    options = [word for name, value in told.items() for word in (f"--{name}", value)]
    assert run(monkeypatch, "--only", "fig22", "-o", tmp_path / "out", *options) == 2
    assert "nowhere.pkl" in capsys.readouterr().err
    assert list((tmp_path / "out" / "rows").iterdir()) == []

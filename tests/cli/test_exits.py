"""Exit codes tell a user's mistake from ours."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import encaudit.cli
from encaudit.errors import InputError
from tests.fresh_run import FreshRun

ENDLESS = """
import pathlib, time

class Net:
    def encode(self, images):
        pathlib.Path("encoding").touch()
        time.sleep(60)

def make():
    return Net()
"""


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (InputError("bad"), 2),
        (SystemExit(130), 130),
        (PermissionError(13, "Permission denied", "x"), 2),
        (RuntimeError("x"), 3),
    ],
)
def test_what_is_raised_decides_the_code(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def fail() -> None:
        raise raised

    monkeypatch.setattr(encaudit.cli, "app", lambda **_: fail())
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert stopped.value.code == code
    assert ("Traceback" in capsys.readouterr().err) == (code == 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["probe", "x", "--sed", "1"],
        ["probe", "x", "--n", "abc"],
        ["probe"],
        ["probee"],
        ["probe", "x", "-o", ""],
        ["train", "vaee"],
    ],
)
def test_a_usage_error_is_one_sentence(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", ["encaudit", *arguments])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("encaudit: ") and "Value error" not in captured.err


def test_the_version_and_the_help_are_no_errors(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    for arguments, said in ((["--version"], "encaudit 0."), (["probe", "--help"], "--transform")):
        monkeypatch.setattr(sys, "argv", ["encaudit", *arguments])
        with pytest.raises(SystemExit) as stopped:
            encaudit.cli.main()
        assert not stopped.value.code
        assert said in capsys.readouterr().out


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_audit_leaves_nothing_behind(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    (tmp_path / "endless_of_test.py").write_text(ENDLESS)
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((30, 4, 4)))
    command = [sys.executable, "-m", "encaudit", "probe", "module:endless_of_test:make", "--images", "images.npy"]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "encoding").exists():
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    running.send_signal(sent)
    out, err = running.communicate(timeout=60)
    assert running.returncode == code
    assert (out, err) == ("", "encaudit: interrupted; nothing was written.\n")
    assert not [path for path in tmp_path.iterdir() if "encaudit" in path.name]


def test_a_reader_that_has_seen_enough_is_no_error(run: FreshRun) -> None:
    command = [sys.executable, "-m", "encaudit", "probe", str(run.checkpoint), "-t", "roll1", "-o", "-"]
    command += ["--no-umap", "--volumes", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.close()
        assert "Traceback" not in running.stderr.read()
    assert running.returncode == 0


def test_a_command_for_one_process_refuses_to_be_started_as_several(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", ["encaudit", "compare", "a", "b"])
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert stopped.value.code == 2
    assert "encaudit compare is the work of one" in capsys.readouterr().err

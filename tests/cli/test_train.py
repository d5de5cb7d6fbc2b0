"""`encaudit train` as a user types it."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from encaudit.cli import main
from tests.fresh_run import FreshRun

NETWORKS = ("--enc", "2x16", "--dec", "2x16", "--zdim", "3", "--batch-size", "8", "--device", "cpu")


@pytest.fixture
def encaudit(monkeypatch: pytest.MonkeyPatch):
    def call(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["encaudit", *map(str, arguments)])
        try:
            main()
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    return call


def data(run: FreshRun) -> list[object]:
    return ["--images", run.particles, "--poses", run.folder / "poses.pkl", "--ctf", run.folder / "ctf.pkl"]


def refusal(capsys: pytest.CaptureFixture) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    lines = [line for line in captured.err.splitlines() if line.startswith("encaudit: ")]
    assert len(lines) == 1, captured.err
    return lines[0]


def test_a_vae_a_table_and_a_twin_like_it_are_trained_and_probed(
    encaudit, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert encaudit("train", "vae", *data(run), *NETWORKS, "--epochs", 2, "--lr", 1e-3, "-o", tmp_path / "vae") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    with np.load(tmp_path / "vae" / "evaluation.npz") as arrays:
        reconstruction, kl = arrays["reconstruction"].mean(), arrays["kl"].mean()
    assert "Trained for 2 epochs on 30 images. The final network on these images: loss" in captured.err
    final, learning = captured.err.split("The final network on these images: ")[1].split("Mean over the last epoch")
    assert f"reconstruction {reconstruction:.5f}; KL {kl:.2f} nats" in final  # what `encaudit compare` tells
    last = json.loads((tmp_path / "vae" / "run.json").read_text())["epochs"][-1]["train"]
    assert f", while it learned: loss {last['total']:.5f}, of it" in learning
    assert encaudit("train", "vlt", "--like", tmp_path / "vae", "--init", "zero", "-o", tmp_path / "vlt") == 0
    assert encaudit("train", "twin", "--like", tmp_path / "vae", "--twin", "noise", "-o", tmp_path / "twin") == 0
    displaced = {}
    for kind in ("vae", "vlt", "twin"):
        record = json.loads((tmp_path / kind / "run.json").read_text())
        assert (record["kind"], record["options"]["lr"], len(record["epochs"])) == (kind, 1e-3, 2)
        assert record["command"].startswith(f"encaudit train {kind} ")
        out = tmp_path / f"{kind}.audit"
        quick = ("--no-umap", "--volumes", 0, "--no-controls", "--calibration", "none")
        assert encaudit("probe", tmp_path / kind, "-t", "roll1", *quick, "-o", out) == 0
        report = json.loads((out / "report.json").read_text())
        arrays = np.load(out / "latents.npz")
        displaced[kind] = float(np.abs(arrays["roll1/mu"] - arrays["mu"]).max())
        assert report["provenance"]["saved_z"]["agrees"]
        assert ("lookup-table" in {finding["code"] for finding in report["findings"]}) == (kind == "vlt")
    assert displaced["vlt"] == 0
    assert displaced["vae"] > 0


def test_the_verdict_on_a_table_is_none(encaudit, run: FreshRun, tmp_path: Path) -> None:
    assert encaudit("train", "vlt", *data(run), *NETWORKS, "--epochs", 1, "-o", tmp_path / "vlt") == 0
    quick = ("--no-umap", "--volumes", 0, "--no-controls", "--calibration", "none")
    assert encaudit("probe", tmp_path / "vlt", "-t", "roll1", *quick, "-o", tmp_path / "audit") == 0
    (verdict,) = json.loads((tmp_path / "audit" / "report.json").read_text())["verdicts"]
    assert verdict["code"] == "inconclusive"
    assert "lookup table" in verdict["text"]


PATHS = ("--images", "x", "--poses", "x", "--ctf", "none")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["vae", *PATHS, "--zdim", "0"], "--zdim: found 0"),
        (["vae", "--zdim", "3"], "Give --images PATH, or --like CKPT"),
        (["vae", *PATHS[:4], "--zdim", "3"], "--ctf PATH, or say --ctf none"),
        (["vae", *PATHS, "--zdim", "3", "--enc", "deep"], "--enc deep: expected LAYERSxWIDTH"),
        (["vae", *PATHS, "--zdim", "3"], "x is no format that encaudit reads"),
        (["vae", "--like", "nowhere"], "--like nowhere: there is no checkpoint"),
        (["vae", "--config", "x"], "Give --like CKPT"),
        (["mlp"], "mlp"),
        (["vae", "--resume"], "No run.json in"),
        (["twin", "--init", "zero"], "--init is for `encaudit train vlt`"),
        (["vae", *PATHS, "--zdim", "3", "--device", "tpu"], "--device tpu"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, encaudit, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").touch()
    assert encaudit("train", *words, "-o", "out") == 2
    assert sentence in refusal(capsys)
    assert not (tmp_path / "out").exists()


def test_an_unbearable_learning_rate_ends_with_the_batch_and_code_2(
    encaudit, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    code = encaudit("train", "vae", *data(run), *NETWORKS, "--epochs", 9, "--lr", 1e20, "-o", tmp_path / "out")
    assert code == 2
    assert "no longer a number" in refusal(capsys)


def test_an_interrupt_leaves_a_run_that_goes_on(
    encaudit, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    words = ("train", "vae", *data(run), *NETWORKS, "-o", out)

    def interrupt() -> None:
        while not (out / "weights.1.pkl").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert encaudit(*words, "--epochs", 100_000) == 128 + signal.SIGINT
    sentence = refusal(capsys)
    assert sentence.startswith("encaudit: stopped after epoch ")
    assert sentence.endswith(f"Go on with --resume -o {out}.")
    assert not list(out.glob("*.part"))
    record = json.loads((out / "run.json").read_text())
    assert not record["finished"]
    done = len(record["epochs"])
    assert encaudit(*words, "--resume", "--epochs", done + 1) == 0
    record = json.loads((out / "run.json").read_text())
    assert record["finished"]
    assert [epoch["epoch"] for epoch in record["epochs"]] == list(range(1, done + 2))

"""Precision, and machines that cannot: as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.cli.test_probe import QUICK, assert_refused, encaudit
from tests.fresh_run import FreshRun

GREEDY = """
import torch

class Net:
    def encode(self, images):
        {act}

def make():
    return Net()
"""
OF_A_LOST_GPU = "raise RuntimeError('CUDA error: unspecified launch failure')"

HASTY = """
import torch
torch.set_float32_matmul_precision("medium")
torch.backends.cudnn.benchmark = True

class Net:
    def encode(self, images):
        assert torch.get_float32_matmul_precision() == "highest"
        assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark
        return images.flatten(1)[:, :3]

def make():
    return Net()
"""


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: encaudit("probe", *arguments, monkeypatch=monkeypatch)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write the user's module, and return how it is named, with images."""

    def write(name: str, source: str) -> tuple[str, ...]:
        (tmp_path / f"{name}.py").write_text(source)
        np.save(tmp_path / "images.npy", np.random.default_rng(0).random((25, 8, 8)))
        monkeypatch.chdir(tmp_path)
        return f"module:{name}:make", "--images", "images.npy"

    return write


def reported(capsys: pytest.CaptureFixture) -> dict:
    return json.loads(capsys.readouterr().out)


def test_float32_is_the_default_and_leaves_nothing_to_say(probe, run: FreshRun, capsys) -> None:
    assert probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", "-") == 0
    report = reported(capsys)
    assert (report["provenance"]["precision"], report["provenance"]["rounding"]) == ("float32", None)
    assert "reduced-precision" not in [finding["code"] for finding in report["findings"]]


def test_bf16_says_what_it_cost_and_still_knows_the_saved_z(probe, run: FreshRun, capsys) -> None:
    assert probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", "-", "--precision", "bf16") == 0
    report = reported(capsys)
    rounding = report["provenance"]["rounding"]
    assert report["provenance"]["precision"] == "bf16"
    assert rounding["images"] == 30
    assert 1e-4 < rounding["rms"] < rounding["largest"] < 0.1
    found = {finding["code"]: finding["text"] for finding in report["findings"]}
    assert f"{rounding['rms']:.1e}" in found["reduced-precision"]
    identity = next(
        one for one in report["measurements"] if (one["metric"], one["transform"]) == ("displacement", "identity")
    )
    assert identity["value"]["median"] == 0


def test_what_the_audit_took_is_in_the_report(probe, run: FreshRun, capsys) -> None:
    assert probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", "-", "--batch-size", "7") == 0
    provenance = reported(capsys)["provenance"]
    assert provenance["batch_size"] == 7
    assert {"loading the encoder", "encoding", "measuring", "PCA"} <= set(provenance["seconds"])
    assert sum(provenance["seconds"].values()) <= provenance["duration_s"] + 0.1


@pytest.mark.parametrize(("precision", "named"), [("tf32", "--precision float32"), ("half", "bf16")])
def test_a_precision_that_there_is_not_is_refused(probe, run: FreshRun, capsys, precision: str, named: str) -> None:
    code = probe(run.checkpoint, *QUICK, "--precision", precision)
    assert named in assert_refused(capsys, code)


def test_a_module_that_sets_torch_to_its_liking_is_audited_in_full_and_its_settings_come_back(probe, module) -> None:
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    try:
        assert probe(*module("hasty_of_test", HASTY), *QUICK, "-t", "roll1") == 0
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark) == before
    finally:
        torch.set_float32_matmul_precision(before[0])


def prepared(**environment: str) -> dict[str, str]:
    """What a fresh process finds in its environment once libraries are prepared for."""
    program = "import json, os; from encaudit.cli.libraries import prepare_libraries as go; go()\n"
    program += "print(json.dumps(dict(os.environ)))"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "NUMBA_", "CUBLAS_"))}
    done = subprocess.run(
        [sys.executable, "-c", program], env=kept | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_libraries_are_told_to_be_deterministic_and_to_keep_to_the_threads_that_were_given() -> None:
    found = prepared(OMP_NUM_THREADS="3,1")
    assert found["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert found["NUMBA_NUM_THREADS"] == "3"
    assert "NUMBA_NUM_THREADS" not in prepared()


def test_what_the_user_has_set_stays() -> None:
    found = prepared(OMP_NUM_THREADS="3", NUMBA_NUM_THREADS="2", CUBLAS_WORKSPACE_CONFIG=":16:8")
    assert (found["NUMBA_NUM_THREADS"], found["CUBLAS_WORKSPACE_CONFIG"]) == ("2", ":16:8")


def test_an_encoder_that_wants_more_memory_than_there_is(probe, module, capsys, tmp_path: Path) -> None:
    named = module("greedy_of_test", GREEDY.format(act="torch.empty(2**50)"))
    sentence = assert_refused(capsys, probe(*named, *QUICK, "--batch-size", "20"))
    assert "Memory ran out" in sentence
    assert "--batch-size 5 (it was 20)" in sentence
    assert not list(tmp_path.glob("*encaudit*"))


def test_a_gpu_that_goes_away(probe, module, capsys) -> None:
    sentence = assert_refused(capsys, probe(*module("lost_of_test", GREEDY.format(act=OF_A_LOST_GPU)), *QUICK))
    assert "The GPU failed (CUDA error: unspecified launch failure)" in sentence
    assert "--device cpu" in sentence

"""A killed and resumed audit, and one by several processes, give to the bit what one undisturbed process gives."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import encaudit.cli
from encaudit.probe import KeptChunks, chunks
from tests.cli.test_probe import assert_refused

# Chunks are made small, so that a small stack has eight. The process DYING (its rank) kills itself at its call DIE_AT.
MODULE = """
import os
import torch
import encaudit.probe.chunks

encaudit.probe.chunks.IMAGES_A_CHUNK = 256

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3))
        self.calls = 0
    def encode(self, images):
        self.calls += 1
        if self.calls == int(os.environ.get("DIE_AT", "0")) and os.environ.get("RANK", "0") == os.environ["DYING"]:
            os.kill(os.getpid(), 9)
        return self.net(images.flatten(1))

def make():
    return Net()
"""
PROBE = ("probe", "module:net_of_several:make", "--images", "images.npy", "-t", "roll1", "-t", "noise")
QUICK = ("--batch-size", "64", "--device", "cpu", "--no-umap", "--no-controls")
SEVERAL = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


@dataclass(frozen=True)
class Place:
    folder: Path

    def python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run Python there, so that a process that hangs is a failure."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def latents(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / name / "latents.npz") as arrays:
            return dict(arrays)

    def report(self, name: str) -> dict:
        return json.loads((self.folder / name / "report.json").read_text())

    def unfinished(self, name: str) -> list[str]:
        folder = self.folder / f".{name}.unfinished"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with images and an encoder, and the audit ``alone`` by one process."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "net_of_several.py").write_text(MODULE)
    images = np.random.default_rng(0).random((2000, 8, 8)).astype(np.float32)
    images[300], images[1700, 2, 2] = 1.0, np.nan  # in the first chunk and in the last
    np.save(folder / "images.npy", images)
    with pytest.MonkeyPatch.context() as patched:
        assert run_here(folder, patched, "-o", "alone") == 0
    return Place(folder)


def run_here(folder: Path, patched: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process, in a folder, and return its exit code."""
    patched.chdir(folder)
    patched.setattr(chunks, "IMAGES_A_CHUNK", 256)  # as the module sets it, and here it is set back
    patched.setattr(sys, "argv", ["encaudit", *PROBE, *QUICK, *arguments])
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    return int(stopped.value.code or 0)


@pytest.fixture
def probe(place: Place, monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: run_here(place.folder, monkeypatch, *arguments)


def assert_the_same(place: Place, name: str) -> None:
    alone, found = place.latents("alone"), place.latents(name)
    assert list(alone) == list(found)
    for array in alone:
        np.testing.assert_array_equal(alone[array], found[array], err_msg=array)
        assert alone[array].dtype == found[array].dtype
    for part in ("measurements", "findings", "verdicts"):
        assert place.report("alone")[part] == place.report(name)[part]


def test_two_processes_give_what_one_gives(place: Place) -> None:
    # as the README spells it: without the --, torchrun takes --n for the beginning of an option of its own
    done = place.python(*SEVERAL, "-m", "--", "encaudit", *PROBE, *QUICK, "-o", "two", "--n", "2000")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Report: ") == 1  # one process tells
    assert_the_same(place, "two")
    provenance = place.report("two")["provenance"]
    assert (provenance["ranks"], place.report("alone")["provenance"]["ranks"]) == (2, 1)
    assert provenance["images"] == place.report("alone")["provenance"]["images"]
    assert place.unfinished("two") == place.unfinished("alone") == []


def test_a_killed_audit_goes_on_from_its_last_finished_chunk(
    place: Place, probe, capsys: pytest.CaptureFixture
) -> None:
    # 3 calls for steadiness, then the image, the identity and two transforms for each batch, four batches a chunk
    done = place.python("-m", "encaudit", *PROBE, *QUICK, "-o", "killed", DIE_AT=str(3 + 4 * 13), DYING="0")
    assert done.returncode == -9
    assert {"audited.000000.npz", "audited.000001.npz", "pass.json"} <= set(place.unfinished("killed"))
    assert not (place.folder / "killed").exists()

    assert "--seed (was 0, is 1)" in assert_refused(capsys, probe("-o", "killed", "--resume", "--seed", "1"))
    with (place.folder / ".killed.unfinished" / "audited.000001.npz").open("r+b") as chunk:
        chunk.truncate(5000)
    (place.folder / ".killed.unfinished" / "audited.000002.npz").unlink(missing_ok=True)  # was perhaps being written
    assert probe("-o", "killed", "--resume") == 0
    assert "1 of 8 chunks" in capsys.readouterr().err
    assert_the_same(place, "killed")
    assert place.report("killed")["provenance"]["resumed_chunks"] == 1
    assert place.unfinished("killed") == []


def test_a_process_that_dies_ends_the_others_and_what_was_finished_stays(place: Place) -> None:
    done = place.python(*SEVERAL, "-m", "encaudit", *PROBE, *QUICK, "-o", "died", DIE_AT=str(3 + 4 * 12), DYING="1")
    assert done.returncode != 0
    assert "audited.000004.npz" in place.unfinished("died")  # the first of the second half
    assert not (place.folder / "died").exists()
    assert "Another rank ended" in done.stderr or "interrupted" in done.stderr


# Resuming, in one process.


def kill_after(finished: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End an audit as an interrupt does, when so many chunks are finished."""
    written = []
    write = KeptChunks.write

    def interrupted(kept: KeptChunks, number: int, arrays: dict[str, np.ndarray]) -> None:
        write(kept, number, arrays)
        written.append(number)
        if len(written) == finished:
            kept.settle()
            sys.exit(130)

    monkeypatch.setattr(KeptChunks, "write", interrupted)


def test_an_interrupted_audit_says_how_to_go_on(
    probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        kill_after(2, patched)
        assert probe("-o", "interrupted") == 130
    assert "the same command with --resume goes on from the 2 chunks" in capsys.readouterr().err
    kill_after(1, monkeypatch)
    assert probe("-o", "interrupted") == 130
    assert "note: 2 of 8 chunks of an unfinished run were dropped" in capsys.readouterr().err


def test_other_images_are_no_resumption(
    place: Place, probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        kill_after(1, patched)
        probe("-o", "other")
    capsys.readouterr()
    images = np.load(place.folder / "images.npy")
    images[777, 0, 0] += 1  # one pixel of an image that no quick look sees
    np.save(place.folder / "others.npy", images)
    message = assert_refused(capsys, probe("-o", "other", "--resume", "--images", "others.npy"))
    assert "pixels of the images (was " in message
    assert place.unfinished("other") == ["audited.000000.npz", "pass.json"]


@pytest.mark.parametrize("unusable", [0, 100])  # of the first images: all of the first batch says nothing
def test_an_encoder_with_other_weights_is_no_resumption(
    place: Place, probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, unusable: int
) -> None:
    images = np.load(place.folder / "images.npy")
    images[:unusable] = np.nan
    np.save(place.folder / "partly.npy", images)
    name = f"weights{unusable}"
    with monkeypatch.context() as patched:
        kill_after(1, patched)
        probe("-o", name, "--images", "partly.npy")
    capsys.readouterr()
    import net_of_several

    class Retrained(net_of_several.Net):
        def encode(self, images):
            return super().encode(images) * 1.01

    monkeypatch.setattr(net_of_several, "Net", Retrained)
    assert "no longer gives the images the latents" in assert_refused(
        capsys, probe("-o", name, "--images", "partly.npy", "--resume")
    )


def test_both_passes_of_two_runs_are_resumed(
    place: Place, probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (place.folder / "net_of_several_too.py").write_text(MODULE.replace("manual_seed(0)", "manual_seed(1)"))
    both = ("--other-seed", "module:net_of_several_too:make", "-o", "both")
    with monkeypatch.context() as patched:
        kill_after(10, patched)
        probe(*both)
    finished = [*(f"audited.{number:06d}.npz" for number in range(8)), "other-seed.000000.npz", "other-seed.000001.npz"]
    assert place.unfinished("both") == [*finished, "pass.json"]
    assert probe(*both, "--resume") == 0
    assert place.report("both")["provenance"]["resumed_chunks"] == 10
    alone, found = place.latents("alone"), place.latents("both")
    assert set(found) - set(alone) == {"other-seed/mu"}
    for array in alone:
        np.testing.assert_array_equal(alone[array], found[array], err_msg=array)


def test_with_nothing_to_resume_it_starts_from_the_beginning(
    probe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    kill_after(1, monkeypatch)
    probe("-o", "fresh", "--resume")
    assert "note: there is no unfinished run to resume" in capsys.readouterr().err


def test_standard_output_keeps_nothing_to_resume(probe, capsys: pytest.CaptureFixture) -> None:
    assert "--resume needs an output folder" in assert_refused(capsys, probe("-o", "-", "--resume"))

"""The facts that latents depend on: each shows under the name that its user knows, and nothing else shows."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.audits.controls import plan
from encaudit.audits.fingerprint import facts_of, glimpse
from encaudit.audits.opening import open_subject
from encaudit.audits.options import AuditOptions
from encaudit.cli.progress import Progress
from encaudit.images import open_stack
from encaudit.transforms import parse_transform
from tests.fresh_run import FreshRun, fresh_model, write_run


def facts(run: FreshRun, **changes: object) -> dict[str, str]:
    options = replace(AuditOptions(str(run.checkpoint), images=str(run.particles), device="cpu"), **changes)
    subject = open_subject(options, "cpu", Progress(shown=False))
    planned = plan(options, [parse_transform(spec) for spec in options.transforms], subject)
    return facts_of(options, subject, planned, "cuda:3")


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {fact for fact in one.keys() | other.keys() if one.get(fact) != other.get(fact)}


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"seed": 1}, {"--seed"}),
        ({"transforms": ("mirror",)}, {"--transform"}),
        ({"controls": False}, {"--controls"}),
        ({"sample_n": 7}, {"--sample-n"}),
        ({"dose": ("roll",)}, {"--dose"}),
        ({"grid": 1}, {"--grid"}),
        ({"precision": "bf16"}, {"--precision"}),
        ({"n": 25}, {"images", "rows of --ind and --n"}),
        ({"ctf": "none"}, {"--ctf"}),
        ({"umap": False, "volumes": 0, "calibration": "none", "resume": True}, set()),
    ],
)
def test_an_option_shows_if_latents_depend_on_it(run: FreshRun, change: dict, fact: set[str]) -> None:
    assert differing(facts(run), facts(run, **change)) == fact


def test_the_order_and_the_spelling_of_transforms_do_not_show(run: FreshRun) -> None:
    asked = facts(run, transforms=("roll1", "rot90"))
    assert asked == facts(run, transforms=("rot90", "roll:dx=1", "roll1"))


def test_the_device_is_a_kind_and_not_a_number(run: FreshRun) -> None:
    assert facts(run)["--device"] == "cuda"


def other_weights(run: FreshRun) -> None:
    torch.save({"epoch": 1, "model_state_dict": fresh_model(run.config, 3).state_dict()}, run.checkpoint)


def other_poses(run: FreshRun) -> None:
    (run.folder / "poses.pkl").write_bytes(pickle.dumps((run.rotations[::-1], run.fractions)))


def other_config(run: FreshRun) -> None:
    run.config["dataset_args"]["norm"] = [0.5, 20.0]
    run.save_config()


@pytest.mark.parametrize(
    ("change", "fact"), [(other_weights, "CKPT"), (other_poses, "--poses"), (other_config, "config of CKPT")]
)
def test_the_content_of_a_file_shows(run: FreshRun, change, fact: str) -> None:
    before = facts(run)
    change(run)
    assert differing(before, facts(run)) == {fact}


def test_the_other_run_of_the_network_shows(run: FreshRun, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", seed=1)
    assert "--other-seed" in differing(facts(run), facts(run, other_seed=str(other.checkpoint)))


def test_noise_free_images_show(run: FreshRun) -> None:
    path = run.folder / "clean.npy"
    np.save(path, run.images)
    asked = {"transforms": (f"renoise:clean={path}",)}
    before = facts(run, **asked)
    np.save(path, run.images + 1)
    assert differing(before, facts(run, **asked)) == {str(path)}


def test_a_glimpse_tells_stacks_apart(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((500, 4, 4)).astype(np.float32)
    seen = []
    for number, (row, more) in enumerate([(0, 0.0), (0, 1.0), (499, 1.0)]):
        changed = images.copy()
        changed[row, 0, 0] += more
        np.save(tmp_path / f"{number}.npy", changed)
        seen.append(glimpse(open_stack(tmp_path / f"{number}.npy")))
    assert [set(one) for one in seen] == [{"size of the image files", "64 of the images"}] * 3
    assert len({one["64 of the images"] for one in seen}) == 3
    assert len({one["size of the image files"] for one in seen}) == 1


def test_the_file_that_builds_the_encoder_shows(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((9, 4, 4)).astype(np.float32))
    file, seen = tmp_path / "nets.py", []
    for row in (0, 1):
        file.write_text(f"class Net:\n    def encode(self, images): return images[:, {row}]\n")
        options = AuditOptions(f"module:{file}:Net", images=str(tmp_path / "images.npy"), device="cpu", controls=False)
        subject = open_subject(options, "cpu", Progress(shown=False))
        seen.append(facts_of(options, subject, plan(options, [], subject), "cpu"))
    assert differing(*seen) == {"file of CKPT"}

"""From what was typed to settings."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from encaudit.errors import EncauditError, InputError
from encaudit.train.defaults import train_vae_defaults
from encaudit.train.like import like
from encaudit.train.resolving import layers, resolve
from tests.fresh_run import FreshRun
from tests.train.small_runs import FIXTURE, settings_for, train

GIVEN: dict[str, Any] = {"images": "p.mrcs", "poses": "poses.pkl", "ctf": "ctf.pkl", "zdim": 8}


def test_the_defaults_are_cryodrgns() -> None:
    settings, theirs = resolve("vae", GIVEN), train_vae_defaults()
    shared = set(theirs) & set(type(settings).model_fields)
    assert len(shared) > 18
    assert all(getattr(settings, name) == theirs[name] for name in shared)
    assert (settings.qlayers, settings.qdim, settings.players, settings.pdim) == (3, 1024, 3, 1024)
    assert settings.kl_weight == 1 / 8


def test_the_preset_is_the_papers_and_flags_differ_from_it() -> None:
    paper = resolve("vae", {name: GIVEN[name] for name in ("images", "poses", "ctf")}, preset="paper")
    found = paper.model_dump()
    assert [found[name] for name in ("qlayers", "qdim", "players", "pdim", "zdim")] == [3, 256, 3, 256, 8]
    assert [found[name] for name in ("lr", "batch_size", "epochs", "beta")] == [1e-4, 8, 50, None]
    assert (paper.pe_type, paper.amp) == ("geom_lowf", False)
    assert resolve("twin", GIVEN | layers("5x1024", "--enc"), preset="paper").qlayers == 5


def test_paths_hold_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("vae", GIVEN).images == str(tmp_path / "p.mrcs")
    assert resolve("vae", GIVEN | {"ctf": "none"}).ctf is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": None}, "nothing to train on. Give --images PATH"),
        ({"poses": None}, "seen. Give --poses PATH"),
        ({"poses": "none"}, "seen. Give --poses PATH"),
        ({"ctf": None}, "--ctf PATH, or say --ctf none"),
        ({"zdim": None}, "no default. Give --zdim N"),
        ({"zdim": 0}, "--zdim: found 0; input should be greater than or equal to 1"),
        ({"epochs": 0}, "--epochs: found 0"),
        ({"lr": -1.0}, "--lr: found -1.0"),
        ({"beta": float("nan")}, "--beta: found nan"),
        ({"held_out": 1.0}, "--held-out: found 1.0"),
        ({"domain": "real"}, "--domain: found 'real'; input should be 'fourier' or 'hartley'"),
        ({"pe_type": "fancy"}, "--pe-type: found 'fancy'"),
        ({"qdim": 0}, "--enc: found 0"),
        ({"twin": "noise"}, "--twin is for `encaudit train twin`, and this is vae"),
        ({"table_lr": 1.0}, "--table-lr is for `encaudit train vlt`"),
        ({"consistency": 1.0}, "--augment roll,rotate"),
    ],
)
def test_what_cannot_be_is_refused_in_words(changes: dict, words: str) -> None:
    values = {name: value for name, value in (GIVEN | changes).items() if value is not None}
    with pytest.raises(InputError, match=words):
        resolve("vae", values)


def test_a_preset_that_nobody_made_is_refused() -> None:
    with pytest.raises(EncauditError, match="Did you mean 'paper'"):
        resolve("vae", GIVEN, preset="papers")


@pytest.mark.parametrize("text", ["3", "3x", "x256", "3*256", "-3x256"])
def test_layers_are_spelled_one_way(text: str) -> None:
    assert layers("3x256", "--enc") == {"qlayers": 3, "qdim": 256}
    with pytest.raises(InputError, match="--enc 3x256"):
        layers(text, "--enc")


def test_a_run_like_the_shipped_one_is_that_run() -> None:
    found = like(str(FIXTURE / "run"), given={})
    settings = resolve("vae", {}, likeness=found)
    assert found.notes == ()
    assert settings.images == str(FIXTURE / "particles.mrcs")
    assert settings.poses == str(FIXTURE / "poses.pkl")
    assert (settings.qdim, settings.pdim, settings.zdim) == (64, 64, 4)
    assert (settings.epochs, settings.batch_size, settings.lr, settings.amp) == (30, 16, 0.001, False)
    assert settings.norm == pytest.approx((0.0, 69.947), abs=1e-3)
    assert settings.checkpoint_every == 1  # cryoDRGN's 0 means none but the last
    changed = resolve("vlt", {"epochs": 2, "ctf": "none"}, likeness=like(str(FIXTURE / "run"), given={"ctf": "none"}))
    assert (changed.epochs, changed.ctf, changed.lr) == (2, None, 0.001)


def test_a_run_like_one_of_ours(run: FreshRun, tmp_path: Path) -> None:
    settings = settings_for(run, beta=0.7, n=20, epochs=1, held_out=0.2)
    train(settings, tmp_path / "first")
    again = resolve("twin", {}, likeness=like(str(tmp_path / "first"), given={}))
    assert (again.beta, again.epochs, again.batch_size, again.qdim, again.held_out) == (0.7, 1, 8, 16, 0.2)
    train(again, tmp_path / "second")  # on its twenty images
    assert (tmp_path / "second" / "z.pkl").stat().st_size == (tmp_path / "first" / "z.pkl").stat().st_size


def rewritten(run: FreshRun, **sections: Any) -> str:
    for name, change in sections.items():
        if isinstance(change, dict):
            run.config[name] |= change
        else:
            run.config[name] = change
    run.save_config()
    return str(run.checkpoint)


def test_a_config_of_another_version_tells_what_it_leaves_open(run: FreshRun) -> None:
    older = rewritten(run, version="2.3.0", cmd=["/bin/cryodrgn", "train_vae", "x", "--zdim", "3", "-n", "9"])
    found = like(older, given={})
    assert found.settings["epochs"] == 9
    assert len(found.notes) == 1
    assert "cryoDRGN 2.3.0 and does not name --batch-size, --lr" in found.notes[0]
    assert like(older, given={"batch_size": 8, "lr": 1e-3}).notes == ()


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"model_args": {"encode_mode": "conv"}}, "encoder mode is conv; encaudit trains resid and mlp"),
        ({"dataset_args": {"do_pose_sgd": True}}, "refined its poses.*--poses PATH"),
        (
            {"cmd": ["cryodrgn", "train_vae", "x", "--beta-control", "1"]},
            "--beta-control",
        ),
        ({"cmd": ["cryodrgn", "train_vae", "x", "--beta", "a"]}, "schedule"),
        ({"cmd": ["cryodrgn", "train_vae", "x", "--zdim", "many"]}, "not one of the installed cryoDRGN"),
        ({"dataset_args": {"ctf": "/gone/other.pkl"}}, "CTF parameters are not on this machine"),
    ],
)
def test_a_run_that_cannot_be_trained_again_is_refused(sections: dict, words: str, run: FreshRun) -> None:
    with pytest.raises(InputError, match=words):
        like(rewritten(run, **sections), given={})


def test_no_run_to_be_like(tmp_path: Path, run: FreshRun) -> None:
    with pytest.raises(InputError, match="there is no checkpoint"):
        like(str(tmp_path / "weights.pkl"), given={})
    shutil.copy(run.checkpoint, tmp_path / "weights.pkl")
    with pytest.raises(InputError, match="No config beside"):
        like(str(tmp_path / "weights.pkl"), given={})
    beside = run.checkpoint.parent / "config.yaml"
    assert (
        like(str(tmp_path / "weights.pkl"), given={"images": str(run.particles)}, config=beside).settings["zdim"] == 3
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"model_args": 3}))
    with pytest.raises(InputError):
        like(str(tmp_path / "weights.pkl"), given={})

"""What is read of a folder: its latents and losses, whoever wrote it; and what is refused, by name."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from encaudit.comparing.runs import read_runs
from encaudit.errors import InputError
from tests.comparing.planted_runs import MU, D, losses, write_run, write_z

FIXTURE_RUN = Path(__file__).parents[2] / "fixtures" / "particles" / "run"


def test_a_run_of_ours_brings_everything(tmp_path: Path) -> None:
    index = np.arange(10, 250)
    one, other = (
        write_run(tmp_path / name, "vae", MU, losses(0.1), index=index, held_out=index < 20) for name in ("a", "b")
    )
    first, _ = read_runs((str(one), str(other)))
    assert (first.name, first.kind, first.rows_known) == ("a", "vae", True)
    np.testing.assert_array_equal(first.latents.index, index)
    np.testing.assert_array_equal(first.latents.mu, MU.astype(np.float32))
    np.testing.assert_array_equal(first.losses["reconstruction"], losses(0.1)["reconstruction"])
    assert first.held_out.sum() == 10
    assert first.of_images is None


def test_of_a_twin_the_latents_are_those_of_what_it_was_shown(tmp_path: Path) -> None:
    shown = np.random.default_rng(3).standard_normal(MU.shape)
    twin = write_run(tmp_path / "twin", "twin", MU, losses(0), twin_mu=shown)
    run, _ = read_runs((str(twin), str(FIXTURE_RUN)))
    np.testing.assert_array_equal(run.latents.mu, shown.astype(np.float32))
    assert run.of_images is not None
    np.testing.assert_array_equal(run.of_images.mu, MU.astype(np.float32))


def test_cryodrgns_own_folder_and_a_bare_z_of_an_epoch_bring_latents_alone(tmp_path: Path) -> None:
    (tmp_path / "early").mkdir()
    for epoch in (2, 11):
        write_z(tmp_path / "early" / f"z.{epoch}.pkl", MU + epoch)
    whole, early = read_runs((str(FIXTURE_RUN), str(tmp_path / "early")))
    assert (whole.kind, whole.losses, whole.rows_known) == ("latents", {}, True)
    assert not early.rows_known  # nothing says so
    assert whole.latents.mu.shape == (1000, 4)
    np.testing.assert_allclose(early.latents.mu, MU + 11, rtol=1e-6)  # the last epoch, not the last name


def test_an_audit_brings_its_latents_and_their_stack_rows(tmp_path: Path) -> None:
    audit = tmp_path / "run.encaudit"
    audit.mkdir()
    np.savez(audit / "latents.npz", mu=MU.astype(np.float32), index=np.arange(0, 480, 2))
    run, _ = read_runs((str(audit), str(FIXTURE_RUN)))
    assert run.rows_known
    assert run.latents.index[-1] == 478


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [str(write_run(tmp_path / folder / "run", "vae", MU)) for folder in ("a", "b")]
    assert [run.name for run in read_runs(tuple(paths))] == ["a/run", "b/run"]


def test_one_run_or_the_same_twice_is_refused(tmp_path: Path) -> None:
    one = str(write_run(tmp_path / "a", "vae", MU))
    with pytest.raises(InputError, match="name two or more"):
        read_runs((one,))
    with pytest.raises(InputError, match="named twice"):
        read_runs((one, f"{one}/../a"))


def damage(folder: Path, what: str) -> None:
    if what == "nothing in it":
        for file in folder.iterdir():
            file.unlink()
    elif what == "z of other images":
        write_z(folder / "z.pkl", MU[:-1])
    elif what == "no table":
        write_z(folder / "z.pkl", MU[0])
    elif what == "nan":
        write_z(folder / "z.pkl", np.full((len(MU), D), np.nan))
    elif what == "losses cut off":
        file = folder / "evaluation.npz"
        file.write_bytes(file.read_bytes()[:200])
    elif what == "losses lacking":
        np.savez(folder / "evaluation.npz", index=np.arange(len(MU)))
    elif what == "losses nan":
        np.savez(folder / "evaluation.npz", index=np.arange(len(MU)), **(losses(0) | {"kl": np.full(len(MU), np.nan)}))
    elif what == "record damaged":
        (folder / "run.json").write_text("{}")
    else:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nothing in it", "holds neither z.pkl"),
        ("z of other images", "they are of two runs"),
        ("no table", "holds no table of finite latents"),
        ("nan", "holds no table of finite latents"),
        ("losses cut off", "is damaged"),
        ("losses lacking", "lacks reconstruction"),
        ("losses nan", "kl that are not finite"),
        ("record damaged", "run.json is no record"),
        ("gone", "is no folder"),
    ],
)
def test_a_damaged_run_is_refused_by_name(what: str, words: str, tmp_path: Path) -> None:
    one, other = (write_run(tmp_path / name, "vae", MU, losses(0)) for name in ("good", "bad"))
    damage(other, what)
    with pytest.raises(InputError, match=words) as refused:
        read_runs((str(one), str(other)))
    assert str(other) in str(refused.value)

"""Where a lookup table starts."""

import pickle
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import torch

from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.train.table_start import latents_of, table_start
from encaudit.types import Posterior
from tests.fresh_run import FreshRun
from tests.train.small_runs import settings_for, train


def start(
    run: FreshRun, init: str, moments_from: str | None = None, *, dims: int = 3, seed: int = 0, n=None
) -> Posterior:
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl", n=n)
    return table_start(init, moments_from, stack, dims, seed, "cpu")


def save_z(path: Path, *tables: np.ndarray) -> str:
    path.write_bytes(b"".join(pickle.dumps(table) for table in tables))
    return str(path)


def test_random_rows_have_the_moments_asked_for_and_belong_to_their_image(run: FreshRun) -> None:
    drawn = start(run, "random", dims=64)
    assert float(drawn.mu.mean()) == pytest.approx(-0.05, abs=0.15)
    assert float(drawn.mu.std()) == pytest.approx(1.494, rel=0.05)
    assert float(drawn.logvar.mean()) == pytest.approx(-5.47, abs=0.1)
    assert float(drawn.logvar.std()) == pytest.approx(0.715, rel=0.05)
    assert start(run, "random", dims=64, n=7).mu.equal(drawn.mu[:7])
    assert not start(run, "random", dims=64, seed=1).mu.equal(drawn.mu)
    given = start(run, "random:3,0,-1,0")
    assert (given.mu == 3).all()
    assert (given.logvar == -1).all()


def test_zero(run: FreshRun) -> None:
    zero = start(run, "zero")
    assert zero.mu.shape == zero.logvar.shape == (30, 3)
    assert (zero.mu == 0).all()
    assert (zero.logvar == -8).all()


def test_a_pretrained_table_has_what_the_encoder_says_of_each_image(run: FreshRun, tmp_path: Path) -> None:
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    mu, logvar = latents_of(str(run.checkpoint), stack, "cpu")
    table = start(run, f"pretrained:{run.folder}")
    np.testing.assert_array_equal(table.mu, mu)
    np.testing.assert_array_equal(table.logvar, logvar)
    saved = start(run, f"pretrained:{save_z(tmp_path / 'z.5.pkl', mu, logvar)}")
    assert saved.mu.equal(table.mu)
    assert saved.logvar.equal(table.logvar)


def test_a_permuted_table_has_every_row_at_another_place(run: FreshRun) -> None:
    table, permuted = start(run, f"pretrained:{run.checkpoint}"), start(run, f"permuted:{run.checkpoint}")
    assert (table.mu != permuted.mu).any(dim=1).all()
    order = table.mu[:, 0].argsort(), permuted.mu[:, 0].argsort()
    assert table.mu[order[0]].equal(permuted.mu[order[1]])
    assert table.logvar[order[0]].equal(permuted.logvar[order[1]])


def test_moments_are_taken_from_another_run(run: FreshRun, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    z = save_z(tmp_path / "z.pkl", rng.normal(4, 0.5, (30, 8)), rng.normal(-2, 0.1, (30, 8)))
    drawn = start(run, "random", z, dims=64)
    assert float(drawn.mu.mean()) == pytest.approx(4, abs=0.1)
    assert float(drawn.logvar.std()) == pytest.approx(0.1, rel=0.15)
    with pytest.raises(InputError, match="goes with --init random"):
        start(run, "zero", z)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ((np.zeros((31, 3)), np.zeros((31, 3))), r"table of shape \(31, 3\).*the run has 30 images"),
        ((np.zeros((30, 4)), np.zeros((30, 4))), "4 dimensions, and the run has 3. Train with --zdim 4"),
        ((np.zeros((30, 3)),), "without logvar"),
        ((np.zeros((30, 3)), np.zeros((30, 2))), "table of shape"),
        ((np.full((30, 3), np.nan), np.zeros((30, 3))), "not finite"),
    ],
)
def test_latents_of_other_images_are_refused(tables, words: str, run: FreshRun, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        start(run, f"pretrained:{save_z(tmp_path / 'z.pkl', *tables)}")


@pytest.mark.parametrize(
    "init", ["nowhere", "pretrained", "pretrained:", "random:1,2", "random:a,b,c,d", "random:0,-1,0,1"]
)
def test_other_starts_are_refused(init: str, run: FreshRun) -> None:
    with pytest.raises(InputError, match="expected random"):
        start(run, init)


def test_a_table_starts_another(run: FreshRun, tmp_path: Path) -> None:
    from tests.train.small_runs import settings_for, train

    train(settings_for(run, "vlt"), tmp_path / "first")
    table = start(run, f"pretrained:{tmp_path / 'first'}")
    state = torch.load(tmp_path / "first" / "weights.pkl")["table"]
    assert table.mu.equal(state["mu"])
    assert table.logvar.equal(state["logvar"])


def test_a_table_of_other_images_is_refused_though_it_has_their_rows(run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run, "vlt", epochs=1), tmp_path / "vlt")
    table = str(tmp_path / "vlt" / "weights.pkl")
    assert start(run, f"pretrained:{table}").mu.shape == (30, 3)
    other = tmp_path / "other.mrcs"
    with mrcfile.open(run.particles) as file:
        pixels = file.data.copy()
    pixels[0, 0, 0] += 1
    with mrcfile.new(other) as file:
        file.set_data(pixels)
    with pytest.raises(InputError, match=r"is of the images in .* SHA-256 differ"):
        latents_of(table, open_stack(other), "cpu")


def test_saved_latents_are_taken_by_the_rows_that_their_run_tells(run: FreshRun, tmp_path: Path) -> None:
    rows = np.array([20, 3, 11, 4, 9, 17, 28, 1, 0, 5])
    ind = tmp_path / "ind.pkl"
    ind.write_bytes(pickle.dumps(rows))
    train(settings_for(run, "vae", epochs=1, ind=str(ind)), tmp_path / "vae")
    z = tmp_path / "vae" / "z.pkl"
    mu = pickle.loads(z.read_bytes())

    def begun(wanted: list[int]) -> Posterior:
        path = tmp_path / "wanted.pkl"
        path.write_bytes(pickle.dumps(np.array(wanted)))
        return table_start(f"pretrained:{z}", None, open_stack(run.particles, ind=path), 3, 0, "cpu")

    np.testing.assert_array_equal(begun([9, 20, 5]).mu, mu[[4, 0, 9]])
    for beside in ("evaluation.npz", None):  # without it, by ind.pkl
        np.testing.assert_array_equal(begun(sorted(rows)).mu, mu[np.argsort(rows)])
        with pytest.raises(InputError, match=r"no latents of 9 of the 10 images \(the first is stack row 2\)"):
            begun([1, 2, 6, 7, 8, 10, 12, 13, 14, 15])
        if beside:
            (tmp_path / "vae" / beside).unlink()

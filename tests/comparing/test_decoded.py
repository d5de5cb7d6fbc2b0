"""The volumes that runs decode: the same particles in each, of cryoDRGN's decoder and of digits; else a reason."""

from pathlib import Path

import numpy as np

from encaudit.comparing.decoded import decoded, heterogeneity_of
from encaudit.comparing.runs import read_runs
from encaudit.results import Skipped, Summary
from tests.comparing.planted_runs import MU, write_run
from tests.fresh_run import FreshRun
from tests.train.small_runs import settings_for, train
from tests.train.test_digits import train as train_digits


def test_a_run_on_particles_draws_volumes_and_a_frozen_zero_table_one_for_all(run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run, "vae"), tmp_path / "vae")
    train(settings_for(run, "vlt", init="zero", freeze=True), tmp_path / "null")
    vae, null = read_runs((str(tmp_path / "vae"), str(tmp_path / "null")))
    volumes = decoded(vae, 5, None, "cpu", 0)
    assert isinstance(volumes, np.ndarray) and volumes.shape == (5, 16, 16, 16)
    smaller = decoded(vae, 5, 8, "cpu", 0)
    assert isinstance(smaller, np.ndarray) and smaller.shape == (5, 8, 8, 8)
    measures = heterogeneity_of(decoded(null, 5, None, "cpu", 0), volumes, 0)
    for name in ("volume_heterogeneity", "relative_heterogeneity"):
        measured = measures[name]
        assert isinstance(measured, Summary) and measured.median < 1e-6
    own = heterogeneity_of(volumes, volumes, 0)["relative_heterogeneity"]
    assert isinstance(own, Summary) and own.median == 1


def test_digits_are_drawn_as_images_by_a_vae_and_by_a_table(tmp_path: Path) -> None:
    train_digits(tmp_path / "vae")
    train_digits(tmp_path / "vlt", "vlt")
    for run in read_runs((str(tmp_path / "vae"), str(tmp_path / "vlt"))):
        images = decoded(run, 4, None, "cpu", 0)
        assert isinstance(images, np.ndarray) and images.shape == (4, 8, 8)


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    paths = (str(write_run(tmp_path / "a", "vae", MU)), str(write_run(tmp_path / "b", "vae", MU)))
    first, _ = read_runs(paths)
    volumes = decoded(first, 3, None, "cpu", 0)
    assert isinstance(volumes, Skipped) and "No checkpoint" in volumes.skipped
    assert heterogeneity_of(volumes, None, 0) == {"volume_heterogeneity": volumes}

"""Configs name another machine's paths; the files are found, or what was looked for is said."""

import pytest

from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.encoders.training_data import locate
from encaudit.errors import InputError
from tests.fresh_run import FreshRun


def places(run: FreshRun) -> list:
    return [run.checkpoint, run.folder / "config.yaml"]


def test_files_of_another_machine_are_found_beside_the_checkpoint_by_name(run: FreshRun) -> None:
    data = locate(CryodrgnConfig.model_validate(run.config), places(run))
    assert data.particles == str(run.particles)
    assert data.poses == str(run.folder / "poses.pkl")
    assert data.ctf == str(run.folder / "ctf.pkl")


def test_files_one_folder_above_are_found_too(run: FreshRun) -> None:
    run.particles.rename(run.folder.parent / "particles.mrcs")
    data = locate(CryodrgnConfig.model_validate(run.config), places(run))
    assert data.particles == str(run.folder.parent / "particles.mrcs")


def test_an_option_wins_and_none_means_none(run: FreshRun) -> None:
    data = locate(CryodrgnConfig.model_validate(run.config), places(run), images="other.mrcs", poses="none", ctf="NONE")
    assert (data.particles, data.poses, data.ctf) == ("other.mrcs", None, None)


def test_what_is_not_here_says_where_it_was_looked_for_and_what_to_type(run: FreshRun) -> None:
    (run.folder / "ctf.pkl").unlink()
    with pytest.raises(InputError, match=r"/data/elsewhere/ctf\.pkl.*--ctf PATH"):
        locate(CryodrgnConfig.model_validate(run.config), places(run))


def test_the_subset_a_run_was_trained_on_is_not_forgotten(run: FreshRun) -> None:
    run.config["dataset_args"]["ind"] = "/data/elsewhere/ind.pkl"
    config = CryodrgnConfig.model_validate(run.config)
    with pytest.raises(InputError, match="--ind all"):
        locate(config, places(run))
    assert locate(config, places(run), ind="all").ind is None
    (run.folder / "ind.pkl").write_bytes(b"")
    assert locate(config, places(run)).ind == str(run.folder / "ind.pkl")

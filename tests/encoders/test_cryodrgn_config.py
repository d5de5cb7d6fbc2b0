"""Configs that are not what they have to be."""

import pytest

from encaudit.encoders.cryodrgn_config import read_config
from encaudit.errors import InputError
from tests.fresh_run import FreshRun


def test_the_tilt_encoder_of_the_first_versions_is_refused_by_name(run: FreshRun) -> None:
    run.config["model_args"] |= {"encode_mode": "tilt", "tilt_params": {}}
    run.save_config()
    with pytest.raises(InputError, match=r"1\.x/2\.x"):
        read_config(run.folder / "config.yaml")


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("lattice_args", "D", 32, "lattice_args.D"),
        ("model_args", "encode_mode", "vit", "model_args.encode_mode"),
        ("model_args", "zdim", 0, "model_args.zdim"),
        ("dataset_args", "norm", None, "dataset_args.norm"),
    ],
)
def test_a_wrong_value_is_named(run: FreshRun, section: str, key: str, value: object, said: str) -> None:
    run.config[section][key] = value
    run.save_config()
    with pytest.raises(InputError, match=said):
        read_config(run.folder / "config.yaml")


@pytest.mark.parametrize("text", ["[1, 2", "just words", "model: {}", "\x00"])
def test_a_file_that_is_no_config_is_refused(run: FreshRun, text: str) -> None:
    path = run.folder / "config.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=str(path)):
        read_config(path)


def test_a_yaml_that_asks_for_python_objects_is_refused(run: FreshRun) -> None:
    path, marker = run.folder / "config.yaml", run.folder / "executed"
    path.write_text(f"model_args: !!python/object/apply:os.system ['touch {marker}']\n")
    with pytest.raises(InputError):
        read_config(path)
    assert not marker.exists()

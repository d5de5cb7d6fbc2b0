"""Configs that are not what they have to be."""

import pickle

import numpy as np
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


@pytest.mark.parametrize(
    ("section", "key", "values"),
    [
        ("lattice_args", "D", [4099, "wide"]),
        ("lattice_args", "extent", [0, 0.6, float("nan")]),
        ("dataset_args", "norm", [[0, 0], [0, -1], [float("nan"), 1], [0, float("inf")], [1]]),
        ("dataset_args", "window_r", [-0.1, 1.0, float("nan")]),
        ("model_args", "qlayers", [-1, 101]),
        ("model_args", "players", [-1, 101]),
        ("model_args", "qdim", [0, 65537]),
        ("model_args", "pdim", [0, 65537]),
        ("model_args", "zdim", [0, 4097]),
        ("model_args", "enc_mask", [0, -2]),
        ("model_args", "pe_dim", [0]),
        ("model_args", "domain", ["real"]),
        ("model_args", "pe_type", ["rotary", None]),
        ("model_args", "feat_sigma", [0, float("inf")]),
    ],
)
def test_values_out_of_bounds_are_named(run: FreshRun, section: str, key: str, values: list) -> None:
    for value in values:
        run.config[section][key] = value
        run.save_config()
        with pytest.raises(InputError, match=rf"{section}\.{key}"):
            read_config(run.folder / "config.yaml")


TILTS = {"ntilts": 3, "t_emb_dim": 8, "tlayers": 1, "tdim": 8}


@pytest.mark.parametrize("wrong", [{"ntilts": 0}, {"t_emb_dim": "x"}, {"tlayers": -1}, {"tdim": None}, 5])
def test_tilt_params_count_in_tilt_mode_only(run: FreshRun, wrong: object) -> None:
    params = TILTS | wrong if isinstance(wrong, dict) else wrong
    run.config["model_args"] |= {"tilt_params": params}
    run.save_config()
    assert read_config(run.folder / "config.yaml").ntilts is None
    run.config["model_args"] |= {"encode_mode": "tilt"}
    run.save_config()
    with pytest.raises(InputError, match=r"tilt_params"):
        read_config(run.folder / "config.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "model_args: {}\ntime: 2024-13-45\n",
        "model_args: &a [*a]\n",
        "model_args: &a {zdim: *a}\n",
        "model_args: " + "[" * 3000 + "]" * 3000,
        "model_args: {zdim: " + "[" * 30 + "]" * 30 + "}",
        "model_args: 5",
    ],
    ids=range(6),
)
def test_yaml_that_breaks_readers_is_refused_in_one_line(run: FreshRun, text: str) -> None:
    path = run.folder / "config.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_config(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_arrays_in_a_pickled_config_are_values_or_refused(run: FreshRun) -> None:
    path = run.folder / "config.pkl"
    run.config["dataset_args"]["norm"] = np.array([0.0, 2.0])
    run.config["model_args"]["zdim"] = np.int64(3)
    run.config["cmd"] = np.zeros(3)
    path.write_bytes(pickle.dumps(run.config))
    assert read_config(path).dataset_args.norm == (0.0, 2.0)
    run.config["model_args"]["encode_mode"] = np.array(["tilt", "resid"])
    path.write_bytes(pickle.dumps(run.config))
    with pytest.raises(InputError, match="encode_mode"):
        read_config(path)


def test_the_command_is_kept_from_either_kind_of_config(run: FreshRun) -> None:
    assert read_config(run.folder / "config.yaml").cmd is None
    run.config["cmd"] = ["train_vae", "--beta", "0.5"]
    run.save_config()
    assert read_config(run.folder / "config.yaml").cmd == ["train_vae", "--beta", "0.5"]
    del run.config["cmd"]
    path = run.folder / "config.pkl"
    path.write_bytes(pickle.dumps(run.config) + pickle.dumps({"cmd": ["train_vae.py"], "time": 1.0}))
    assert read_config(path).cmd == ["train_vae.py"]


@pytest.mark.parametrize("odd", ["train_vae --beta 1", [1, 2], {"a": 1}, None])
def test_a_command_that_is_none_is_not_minded(run: FreshRun, odd: object) -> None:
    run.config["cmd"] = odd
    run.save_config()
    assert read_config(run.folder / "config.yaml").cmd is None

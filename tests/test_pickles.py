"""Plain pickles and weights are read; anything that could run code is refused before it runs."""

import datetime
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from encaudit.errors import InputError, UnsafePickleError
from encaudit.pickles import load_plain, load_weights


class Malicious:
    """Unpickling this makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.marker),)


def written(path: Path, *contents: Any, protocol: int = pickle.DEFAULT_PROTOCOL) -> Path:
    path.write_bytes(b"".join(pickle.dumps(content, protocol) for content in contents))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_all_objects_of_a_file_are_read_in_order(tmp_path: Path, protocol: int) -> None:
    mu, logvar = np.random.default_rng(0).random((2, 5, 3)).astype(np.float32)
    first, second = load_plain(written(tmp_path / "z.pkl", mu, logvar, protocol=protocol))
    assert np.array_equal(first, mu)
    assert np.array_equal(second, logvar)


@pytest.mark.parametrize(
    "content",
    [
        {"D": 33, "norm": [0, 1.5], "norm64": np.float64(2.5), "name": "résumé", "none": None, "flag": True},
        OrderedDict(time=datetime.datetime(2024, 5, 1, 12, 30), cmd=("cryodrgn", "train_vae")),
        {3, 4},
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_configs_of_plain_data_are_read(tmp_path: Path, content: Any, protocol: int) -> None:
    assert load_plain(written(tmp_path / "config.pkl", content, protocol=protocol)) == [content]


@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_arrays_written_by_old_and_new_numpy_are_read(tmp_path: Path, core: bytes) -> None:
    content = pickle.dumps(np.arange(6.0).reshape(2, 3), protocol=2)
    content = content.replace(b"numpy._core", b"numpy.core").replace(b"numpy.core", core)
    (tmp_path / "a.pkl").write_bytes(content)
    assert np.array_equal(load_plain(tmp_path / "a.pkl")[0], np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("load", [load_plain, load_weights])
def test_a_malicious_pickle_is_refused_and_nothing_runs(
    tmp_path: Path, load: Callable[[Path], Any], protocol: int
) -> None:
    marker = tmp_path / "ran"
    path = written(tmp_path / "bad.pkl", {"z": [1, Malicious(marker)]}, protocol=protocol)
    with pytest.raises(UnsafePickleError, match=r"mkdir.*--trust-pickle"):
        load(path)
    assert not marker.exists()


def test_a_malicious_second_object_is_refused_too(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(UnsafePickleError):
        load_plain(written(tmp_path / "bad.pkl", np.ones(3), Malicious(marker)))
    assert not marker.exists()


@pytest.mark.parametrize("archive", [True, False])
def test_malicious_weights_are_refused_and_nothing_runs(tmp_path: Path, archive: bool) -> None:
    marker = tmp_path / "ran"
    content = {"model_state_dict": {"w": torch.ones(2)}, "epoch": Malicious(marker)}
    torch.save(content, tmp_path / "weights.pkl", _use_new_zipfile_serialization=archive)
    with pytest.raises(UnsafePickleError, match=r"mkdir.*--trust-pickle"):
        load_weights(tmp_path / "weights.pkl")
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "builtins.getattr", "numpy.load", "numpy.f2py.crackfortran"]
)
def test_no_other_global_is_ever_looked_up(tmp_path: Path, name: str) -> None:
    module, _, attribute = name.rpartition(".")
    (tmp_path / "a.pkl").write_bytes(f"c{module}\n{attribute}\n.".encode())
    with pytest.raises(UnsafePickleError, match=name.replace(".", r"\.")):
        load_plain(tmp_path / "a.pkl")


def test_a_dotted_name_does_not_lead_through_an_allowed_one(tmp_path: Path) -> None:
    content = pickle.PROTO + b"\x04" + b"\x8c\x05numpy\x8c\x0edtype.__init__\x93."
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(UnsafePickleError, match=r"numpy\.dtype\.__init__"):
        load_plain(tmp_path / "a.pkl")


def test_tensors_do_not_belong_in_plain_pickles(tmp_path: Path) -> None:
    with pytest.raises(UnsafePickleError, match=r"torch\._utils\._rebuild_tensor_v2"):
        load_plain(written(tmp_path / "z.pkl", torch.ones(3)))


def test_trust_reads_what_is_asked_for(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    load_plain(written(tmp_path / "a.pkl", Malicious(marker)), trust=True)
    assert marker.exists()
    marker.rmdir()
    torch.save({"a": Malicious(marker)}, tmp_path / "w.pkl")
    load_weights(tmp_path / "w.pkl", trust=True)
    assert marker.exists()


@pytest.mark.parametrize("load", [load_plain, load_weights])
@pytest.mark.parametrize("content", [b"", b"hello world", b"\x80\x04", pickle.dumps(np.ones(100))[:200]])
def test_files_that_are_cut_off_or_no_pickle_say_so(
    tmp_path: Path, load: Callable[[Path], Any], content: bytes
) -> None:
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.pkl ") as caught:
        load(tmp_path / "a.pkl")
    assert not isinstance(caught.value, UnsafePickleError)
    assert "\n" not in str(caught.value)


def test_a_cut_off_second_object_is_no_success(tmp_path: Path) -> None:
    path = written(tmp_path / "z.pkl", np.ones(50), np.ones(50))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="object 2"):
        load_plain(path)


@pytest.mark.parametrize("load", [load_plain, load_weights])
def test_a_missing_file_says_so(tmp_path: Path, load: Callable[[Path], Any]) -> None:
    for path in (tmp_path / "nothing.pkl", tmp_path):
        with pytest.raises(InputError, match="No file at"):
            load(path)


@pytest.mark.parametrize("archive", [True, False])
def test_weights_may_hold_numpy_arrays(tmp_path: Path, archive: bool) -> None:
    content = {"state": {"w": torch.arange(4.0)}, "pose": np.eye(3, dtype=np.float32), "loss": np.float64(0.25), "n": 3}
    torch.save(content, tmp_path / "w.pkl", _use_new_zipfile_serialization=archive)
    loaded = load_weights(tmp_path / "w.pkl")
    assert torch.equal(loaded["state"]["w"], torch.arange(4.0))
    assert np.array_equal(loaded["pose"], np.eye(3))
    assert (loaded["loss"], loaded["n"]) == (0.25, 3)


def test_truncated_weights_say_so(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1000)}, tmp_path / "w.pkl")
    (tmp_path / "w.pkl").write_bytes((tmp_path / "w.pkl").read_bytes()[:2000])
    with pytest.raises(InputError, match="cannot be read as a PyTorch file"):
        load_weights(tmp_path / "w.pkl")


def test_every_pickle_of_the_shared_data_is_plain(shared_data: Path) -> None:
    files = [file for file in shared_data.rglob("*.pkl") if "weights" not in file.name]
    assert len(files) > 10
    for file in files:
        assert load_plain(file)
    assert [z.shape for z in load_plain(shared_data / "ribosome" / "run" / "z.pkl")] == [(3000, 4), (3000, 4)]


def test_weights_of_cryodrgns_authors_load_without_trust(shared_data: Path) -> None:
    loaded = load_weights(shared_data / "cryodrgn" / "het_weights.pkl")
    assert {"epoch", "model_state_dict", "optimizer_state_dict", "search_pose"} <= set(loaded)


@pytest.mark.parametrize("load", [load_plain, load_weights])
def test_what_the_file_system_refuses_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[[Path], Any]
) -> None:
    with pytest.raises(InputError, match="name too long"):
        load(tmp_path / ("x" * 5000))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path / "z.pkl", 1)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"z\.pkl cannot be read: Permission denied"):
        load(path)

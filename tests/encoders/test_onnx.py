"""Encoders saved as ONNX give the latents of the network they were saved from."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from encaudit.encoders import open_encoder
from encaudit.encoders.onnx import load_onnx, looks_like_onnx, session_encoder
from encaudit.errors import InputError
from encaudit.types import ImageBatch

WEIGHTS = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
IMAGES = torch.randn(7, 4, 4, generator=torch.Generator().manual_seed(1))


def written(
    path: Path,
    outputs: tuple[str, ...] = ("mu", "logvar"),
    shape: tuple[Any, ...] = ("n", 4, 4),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write images -> flat @ WEIGHTS, and minus that, under the names of the outputs."""
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], [outputs[0]]),
        *(helper.make_node("Neg", [outputs[0]], [name]) for name in outputs[1:]),
    ]
    weights = numpy_helper.from_array(WEIGHTS.astype(helper.tensor_dtype_to_np_dtype(kind)), "weights")
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info(name, kind, (shape[0], 2)) for name in outputs],
        [weights],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def batch(images: torch.Tensor = IMAGES) -> ImageBatch:
    return ImageBatch(images, torch.arange(len(images)))


def expected(images: torch.Tensor = IMAGES) -> torch.Tensor:
    return images.flatten(1) @ torch.from_numpy(WEIGHTS)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE], ids=["float", "double"])
def test_the_latents_are_those_of_the_network_however_the_batch_is_split(tmp_path: Path, kind: int) -> None:
    encoder = load_onnx(written(tmp_path / "it.onnx", kind=kind))
    for count in (7, 4, 1):
        posterior = encoder.encode(batch(IMAGES[:count]))
        torch.testing.assert_close(posterior.mu, expected()[:count])
        assert posterior.logvar is not None
        torch.testing.assert_close(posterior.logvar, -expected()[:count])
    assert encoder.latent_dim == 2


@pytest.mark.parametrize(
    ("outputs", "doubt"),
    [(("z",), False), (("a", "b"), True), (("mu", "reconstruction"), False), (("pooler_output", "x", "y"), False)],
)
def test_outputs_are_taken_by_name_or_in_order(tmp_path: Path, outputs: tuple[str, ...], doubt: bool) -> None:
    posterior = load_onnx(written(tmp_path / "it.onnx", outputs)).encode(batch())
    torch.testing.assert_close(posterior.mu, expected())
    assert (posterior.logvar is not None) == doubt


def test_a_model_of_a_fixed_number_of_images_is_fed_that_many(tmp_path: Path) -> None:
    encoder = load_onnx(written(tmp_path / "it.onnx", shape=(3, 4, 4)))
    torch.testing.assert_close(encoder.encode(batch()).mu, expected())


def test_channels_are_repeated_for_a_model_of_colour(tmp_path: Path) -> None:
    encoder = load_onnx(written(tmp_path / "it.onnx", shape=("n", 1, 4, 4)))
    with pytest.raises(InputError, match="--channels 1"):
        encoder.encode(batch())
    encoder.channels = 1
    torch.testing.assert_close(encoder.encode(batch()).mu, expected())


def test_a_file_is_recognized_by_content(tmp_path: Path) -> None:
    renamed = written(tmp_path / "it.onnx").rename(tmp_path / "weights.pt")
    assert looks_like_onnx(renamed)
    opened = open_encoder(str(renamed))
    assert (opened.kind, opened.checkpoint) == ("onnx", renamed)
    torch.save({"a": torch.zeros(2)}, tmp_path / "b.pt")
    assert not looks_like_onnx(tmp_path / "b.pt")


def test_a_session_is_taken_as_it_is(tmp_path: Path) -> None:
    session = onnxruntime.InferenceSession(str(written(tmp_path / "it.onnx")), providers=["CPUExecutionProvider"])
    torch.testing.assert_close(session_encoder("it", session).encode(batch()).mu, expected())


@pytest.mark.parametrize(
    ("shape", "kind", "said"),
    [
        (("n", 16), TensorProto.FLOAT, "images \\(tensor\\(float\\) of n x 16\\)"),
        (("n", 4, 4), TensorProto.INT64, "int64"),
    ],
)
def test_a_model_that_takes_no_images_is_refused(tmp_path: Path, shape: tuple[Any, ...], kind: int, said: str) -> None:
    with pytest.raises(InputError, match=f"takes .*{said}.*expected one: images"):
        load_onnx(written(tmp_path / "it.onnx", ("mu",), shape, kind))


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    whole = written(tmp_path / "it.onnx")
    (tmp_path / "cut.onnx").write_bytes(whole.read_bytes()[:60])
    with pytest.raises(InputError, match=r"cut.onnx cannot be loaded as ONNX \("):
        open_encoder(str(tmp_path / "cut.onnx"))


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install encaudit\[onnx\]$"):
        load_onnx(written(tmp_path / "it.onnx"))

"""Volumes from half the points, held to cryoDRGN's own `eval_volume`."""

import numpy as np
import pytest
import torch

from encaudit.encoders.cryodrgn import CryodrgnEncoder
from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.encoders.cryodrgn_volume import EACH_AXIS_BY_ITSELF, TOGETHER, CryodrgnVolume
from encaudit.types import BatchDecoder, Decoder
from tests.fresh_run import config_for, fresh_model

SAME = 5e-7  # of the volume's norm
ZS = np.random.default_rng(3).normal(size=(3, 4)).astype(np.float32)
PE_TYPES = ("gaussian", *EACH_AXIS_BY_ITSELF)


def model_of(box: int, *, seed: int = 0, dim: int = 24, **changes: object) -> torch.nn.Module:
    config = config_for(box, "resid", 4, dim=dim)
    config["model_args"] |= changes
    return fresh_model(config, seed).eval()


def theirs(model: torch.nn.Module, z: np.ndarray, box: int, norm: tuple[float, float]) -> np.ndarray:
    """What cryoDRGN draws at ``box``, which may be smaller than that of the model."""
    full = model.lattice
    coords = full.coords if box == full.D - 1 else full.get_downsample_coords(box + 1)
    return model.decoder.eval_volume(coords, box + 1, full.extent * box / (full.D - 1), norm, z).numpy()


def ours(
    model: torch.nn.Module, zs: np.ndarray, box: int, norm: tuple[float, float], chunk: int = 2048
) -> list[np.ndarray]:
    full = model.lattice
    coords = full.coords if box == full.D - 1 else full.get_downsample_coords(box + 1)
    made = CryodrgnVolume(model.decoder, coords, box + 1, full.extent * box / (full.D - 1), chunk=chunk)
    return [volume.numpy() for volume in made.volumes(torch.tensor(zs), norm)]


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert np.linalg.norm(expected) > 0
    return float(np.linalg.norm(found.astype(np.float64) - expected) / np.linalg.norm(expected.astype(np.float64)))


@pytest.mark.parametrize("pe_type", PE_TYPES)
@pytest.mark.parametrize(("full", "box"), [(16, 16), (32, 32), (32, 16), (32, 20), (30, 14)])
def test_volumes_are_cryodrgns(pe_type: str, full: int, box: int) -> None:
    model = model_of(full, pe_type=pe_type)
    expected = [theirs(model, z, box, (0.3, 25.0)) for z in ZS]
    for found, volume in zip(ours(model, ZS, box, (0.3, 25.0)), expected, strict=True):
        assert difference(found, volume) < SAME
    assert difference(expected[0], expected[1]) > 1e-3


@pytest.mark.parametrize("pe_type", ["gaussian", "geom_lowf"])
@pytest.mark.parametrize(("full", "side"), [(12, 10), (14, 10), (28, 26)])
def test_a_lattice_whose_middle_is_not_quite_zero_has_no_symmetric_slice(pe_type: str, full: int, side: int) -> None:
    extent = 0.5 * side / full
    assert np.linspace(-extent, extent, side + 1, dtype=np.float32)[side // 2] != 0
    model = model_of(full, pe_type=pe_type)
    assert difference(ours(model, ZS[:1], side, (0.0, 1.0))[0], theirs(model, ZS[0], side, (0.0, 1.0))) < SAME


@pytest.mark.parametrize("pe_type", ["gaussian", "linear_lowf"])
@pytest.mark.parametrize("chunk", [1, 7, 33, 10**6])
def test_the_size_of_a_chunk_changes_nothing(pe_type: str, chunk: int) -> None:
    model = model_of(16, pe_type=pe_type)
    expected = theirs(model, ZS[0], 16, (0.0, 25.0))
    assert difference(ours(model, ZS[:1], 16, (0.0, 25.0), chunk)[0], expected) < SAME


def test_a_first_layer_that_adds_its_input_is_affine_too() -> None:
    model = model_of(16, dim=3 * 8 * 2 + 4, pe_type="geom_ft")
    assert type(model.decoder.decoder.main[0]).__name__ == "ResidLinear"
    assert difference(ours(model, ZS[:1], 16, (0.0, 1.0))[0], theirs(model, ZS[0], 16, (0.0, 1.0))) < SAME


def test_another_width_of_the_encoding_and_another_activation() -> None:
    model = model_of(16, pe_dim=5, activation="leaky_relu")
    assert difference(ours(model, ZS[:1], 16, (0.0, 1.0))[0], theirs(model, ZS[0], 16, (0.0, 1.0))) < SAME


def test_each_independent_point_is_asked_for_once() -> None:
    model = model_of(16)
    asked = []
    model.decoder.decoder.main[-1].register_forward_hook(lambda _, __, out: asked.append(len(out)))
    theirs(model, ZS[0], 16, (0.0, 1.0))
    before = sum(asked)
    asked.clear()
    ours(model, ZS[:1], 16, (0.0, 1.0))
    within = np.sum(sum(axis**2 for axis in np.mgrid[-8:9, -8:9, -8:9]) <= 64)
    assert sum(asked) == (within + 1) // 2 < 0.55 * before


def encoder_of(box: int, **changes: object) -> CryodrgnEncoder:
    config = config_for(box, "resid", 4, dim=24)
    config["model_args"] |= changes
    return CryodrgnEncoder(CryodrgnConfig.model_validate(config), fresh_model(config).state_dict())


@pytest.mark.parametrize("pe_type", ["gaussian", "linear_lowf"])
def test_one_by_one_or_together_the_volumes_have_the_same_bits(pe_type: str) -> None:
    encoder = encoder_of(16, pe_type=pe_type)
    assert isinstance(encoder, Decoder) and isinstance(encoder, BatchDecoder)
    zs = np.random.default_rng(5).normal(size=(TOGETHER + 2, 4)).astype(np.float32)
    together = list(encoder.decode_volumes(zs, 12))
    assert len(together) == len(zs)
    for z, volume in zip(zs, together, strict=True):
        np.testing.assert_array_equal(encoder.decode_volume(z, 12), volume)
    assert list(encoder.decode_volumes(zs[:0])) == []


@pytest.mark.parametrize("changes", [{"domain": "hartley", "pe_type": "geom_lowf"}, {"pe_type": "none"}])
@pytest.mark.parametrize("box", [16, 12])
def test_other_decoders_keep_cryodrgns_way(changes: dict, box: int) -> None:
    encoder = encoder_of(16, **changes)
    assert type(encoder.model.decoder).__name__ != "FTPositionalDecoder"
    expected = theirs(encoder.model, ZS[0], box, (0.0, 25.0))
    np.testing.assert_array_equal(encoder.decode_volume(ZS[0], box), expected)

"""The short way through window, Fourier transform and first layer gives what cryoDRGN's own functions give."""

from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.encoders import open_encoder
from encaudit.encoders.cryodrgn import CryodrgnEncoder
from encaudit.images import CentredStack, open_stack
from encaudit.symmetry import Symmetry
from encaudit.transforms import TRANSFORMS, parse_transform
from encaudit.types import ImageBatch, PixelMoments, Posterior
from tests.fresh_run import write_run

SAME = 2e-6  # of the largest latent
SPECS = (
    *("roll1", "roll1:frame=covariant", "roll:dx=0,dy=-3", "shift:dx=0.3", "shift:dx=0.3,frame=covariant"),
    *(f"{name}{frame}" for name in ("rot90", "rot180", "rot270") for frame in ("", ":frame=centred", ":frame=array")),
    *("rotate:deg=10", "rotate:deg=90", "mirror", "mirror:frame=array", "contrast", "addnoise:snr=1", "noise"),
    *("ctf:defocus=500", "ctf:angle=15", "roll1+rot90", "rot90+rot90", "identity"),
)


def opened(folder: Path, **changes: object) -> tuple[CryodrgnEncoder, ImageBatch]:
    run = write_run(folder, **changes)
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    batch = CentredStack(stack).read(np.arange(12)).with_(moments=PixelMoments(0.0, 1.0))
    encoder = open_encoder(str(run.checkpoint)).encoder
    assert isinstance(encoder, CryodrgnEncoder)
    return encoder, batch


def plain(encoder: CryodrgnEncoder, batch: ImageBatch) -> Posterior:
    with torch.inference_mode():
        out = encoder.model.encoder(encoder.network_input(batch))
    return Posterior(out[:, : encoder.latent_dim], out[:, encoder.latent_dim :])


def assert_same(encoder: CryodrgnEncoder, batch: ImageBatch) -> None:
    expected, found = plain(encoder, batch), encoder.encode(batch)
    for one, other in ((expected.mu, found.mu), (expected.logvar, found.logvar)):
        torch.testing.assert_close(other, one, rtol=0, atol=SAME * float(one.abs().max()))


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[CryodrgnEncoder, ImageBatch]:
    return opened(tmp_path_factory.mktemp("run"), box=32)


@pytest.mark.parametrize("spec", SPECS)
def test_every_transform(audited, spec: str) -> None:
    encoder, batch = audited
    encoder.encode(batch)  # its factors are known to the encoder when the moved images come, as in the pass
    assert_same(encoder, parse_transform(spec)(batch, seed=0))


@pytest.mark.parametrize("mirrored", ["", "mirror+"])
@pytest.mark.parametrize("turn", ["rot90", "rot180", "rot270"])
def test_what_symmetric_copies_would_get_is_known_without_making_them(audited, turn: str, mirrored: str) -> None:
    encoder, batch = audited
    symmetry = Symmetry(parse_transform(turn).symmetry.quarters, bool(mirrored))
    other, found = encoder.encode_symmetric(batch, [Symmetry(0), symmetry])
    expected = plain(encoder, parse_transform(mirrored + turn)(batch, seed=0))
    for one, another in ((expected.mu, found.mu), (expected.logvar, found.logvar)):
        torch.testing.assert_close(another, one, rtol=0, atol=SAME * float(one.abs().max()))
    assert (found.mu - other.mu).abs().max() > 1e-3  # these are not the latents of the unmoved images


def test_no_transform_of_one_image_is_forgotten() -> None:
    named = {part.partition(":")[0].rstrip("0123456789") for spec in SPECS for part in spec.split("+")}
    on_images = {name.rstrip("0123456789") for name in TRANSFORMS if TRANSFORMS.get(name).acts_on == "image"}
    assert on_images - {"renoise"} <= named  # which needs a decoder's image, and gives new pixels like noise does


@pytest.mark.parametrize("mode", ["resid", "mlp"])
@pytest.mark.parametrize("enc_mask", [None, 5, -1])
@pytest.mark.parametrize("lacking", [(), ("ctf",), ("shift_px",), ("ctf", "shift_px")])
def test_every_mask_mode_and_lack_of_metadata(tmp_path: Path, mode: str, enc_mask: int | None, lacking) -> None:
    encoder, batch = opened(tmp_path, box=16, mode=mode, enc_mask=enc_mask)
    assert encoder._front is not None
    assert_same(encoder, batch.with_(**dict.fromkeys(lacking)))


def test_factors_of_another_batch_are_not_taken(audited) -> None:
    encoder, batch = audited
    first, second = (batch.select(torch.arange(start, start + 6)) for start in (0, 6))
    for part in (first, second, first):
        assert_same(encoder, part)


@pytest.mark.parametrize("change", ["mean", "width"])
def test_what_has_no_linear_front_goes_cryodrgns_way(tmp_path: Path, change: str) -> None:
    run = write_run(tmp_path, box=16, dim=196 if change == "width" else 16)  # as wide as its input: a residual layer
    if change == "mean":
        run.config["dataset_args"]["norm"] = [0.5, 25.0]
        run.save_config()
    encoder = open_encoder(str(run.checkpoint)).encoder
    assert isinstance(encoder, CryodrgnEncoder)
    assert encoder._front is None
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    batch = stack.read(np.arange(6))
    assert torch.equal(encoder.encode(batch).mu, plain(encoder, batch).mu)

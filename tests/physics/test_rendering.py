"""What the decoder's images are made of: a decoder that knows the molecule renders what the simulator records."""

import numpy as np
import pytest
import torch
from cryodrgn.fft import ht2_center, symmetrize_ht
from cryodrgn.lattice import Lattice

from encaudit.encoders.cryodrgn import CryodrgnEncoder
from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.simulation.blobs import Blobs
from encaudit.simulation.simulate import project
from encaudit.types import ImageBatch, Renderer
from tests.fresh_run import config_for
from tests.physics.scene import Scene, relative_error, scene

FLOAT32_EXACT = 2e-5
NORM = 40.0
ZDIM = 2


class KnowingDecoder(torch.nn.Module):
    """Returns the Hartley transform of the molecule, times 1 + the first latent, as a trained decoder would."""

    def __init__(self, blobs: Blobs, sign: float, columns: bool) -> None:
        super().__init__()
        self.blobs, self.scale, self.columns = blobs, sign / NORM, columns

    def forward(self, coordinates: torch.Tensor) -> torch.Tensor:
        fourier = self.blobs.fourier(coordinates[..., :3].double().numpy())
        seen = self.scale * torch.tensor(fourier.real - fourier.imag, dtype=torch.float32) * (1 + coordinates[..., 3])
        return seen[..., None] if self.columns else seen


def encoder_that_knows(
    blobs: Blobs, box: int, *, invert: bool = True, domain: str = "fourier", enc_mask: int | None = None
) -> CryodrgnEncoder:
    settings = config_for(box, "resid", ZDIM, enc_mask=enc_mask)
    settings["dataset_args"] |= {"norm": [0.0, NORM], "invert_data": invert}
    settings["model_args"]["domain"] = domain
    encoder = CryodrgnEncoder(CryodrgnConfig.model_validate(settings), None)
    encoder.model.decoder = KnowingDecoder(blobs, -1.0 if invert else 1.0, columns=domain == "hartley")
    return encoder


def recorded(seen: Scene, box: int) -> np.ndarray:
    """The simulated images with what cryoDRGN's decoder is not asked for left out: outside the circle, and the mean."""
    lattice = Lattice(box + 1)
    circle = lattice.get_circular_mask(box // 2).view(box + 1, box + 1)[:-1, :-1].numpy()
    fourier = np.fft.fft2(np.fft.ifftshift(seen.images(box), axes=(1, 2)))
    return np.fft.fftshift(np.fft.ifft2(fourier * np.fft.ifftshift(circle)).real, axes=(1, 2))


def rendered(encoder: CryodrgnEncoder, batch: ImageBatch, z: torch.Tensor | None = None) -> np.ndarray:
    images = encoder.render(batch, torch.zeros(len(batch), ZDIM) if z is None else z).double().numpy()
    return images - images.mean(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("box", [32, 48])
@pytest.mark.parametrize("domain", ["fourier", "hartley"])
@pytest.mark.parametrize("invert", [True, False])
def test_a_rendered_image_is_the_simulated_one(box: int, domain: str, invert: bool) -> None:
    seen = scene()
    encoder = encoder_that_knows(seen.blobs, box, domain=domain, invert=invert)
    assert isinstance(encoder, Renderer)
    assert relative_error(rendered(encoder, seen.batch(box)), recorded(seen, box)) < FLOAT32_EXACT


def test_it_does_not_depend_on_the_encoders_mask_or_the_pixels() -> None:
    seen = scene()
    batch = seen.batch(32)
    blind = batch.with_(images=torch.zeros_like(batch.images))
    for enc_mask in (5, -1):
        encoder = encoder_that_knows(seen.blobs, 32, enc_mask=enc_mask)
        assert relative_error(rendered(encoder, blind), recorded(seen, 32)) < FLOAT32_EXACT


def test_images_without_translation_or_ctf_are_plain_projections() -> None:
    seen = scene()
    encoder = encoder_that_knows(seen.blobs, 32)
    for offsets, ctf in ((None, seen.ctf), (seen.offsets_px, None), (None, None)):
        batch = seen.batch(32)
        batch = batch.with_(
            shift_px=None if offsets is None else batch.shift_px, ctf=None if ctf is None else batch.ctf
        )
        expected = project(seen.blobs, seen.poses, offsets, ctf, 32)
        hartley = [
            symmetrize_ht(ht2_center(torch.tensor(images, dtype=torch.float32))).flatten(1)
            for images in (rendered(encoder, batch), expected)
        ]
        mask = Lattice(33).get_circular_mask(15)
        assert relative_error(hartley[0][:, mask].numpy(), hartley[1][:, mask].numpy()) < FLOAT32_EXACT


@pytest.mark.parametrize("wrong", ["shift_px", "ctf", "pose"])
def test_a_wrong_translation_ctf_or_pose_is_seen(wrong: str) -> None:
    seen = scene()
    batch = seen.batch(32)
    told = {"shift_px": -batch.shift_px, "ctf": batch.ctf.clone(), "pose": batch.pose.transpose(1, 2)}
    told["ctf"][:, 3] += 90
    encoder = encoder_that_knows(seen.blobs, 32)
    assert relative_error(rendered(encoder, batch.with_(**{wrong: told[wrong]})), recorded(seen, 32)) > 0.05


def test_each_image_is_rendered_at_its_own_latent_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = scene()
    encoder, batch, z = encoder_that_knows(seen.blobs, 32), seen.batch(32), torch.linspace(-1, 1, 10).view(5, 2)
    whole = rendered(encoder, batch, z)
    assert relative_error(whole, recorded(seen, 32) * (1 + z[:, :1, None]).numpy()) < FLOAT32_EXACT
    monkeypatch.setattr("encaudit.encoders.cryodrgn_likelihood.POINTS_AT_ONCE", 2000)  # two images
    assert relative_error(rendered(encoder, batch, z), whole) < 1e-6
    one = rendered(encoder, batch.select(torch.tensor([3])), z[3:4])
    assert relative_error(one[0], whole[3]) < 1e-6


def test_the_corners_of_a_rendered_image_are_zero_on_average() -> None:
    seen = scene()
    images = encoder_that_knows(seen.blobs, 32).render(seen.batch(32), torch.zeros(5, ZDIM))
    y, x = torch.meshgrid(torch.arange(32) - 16, torch.arange(32) - 16, indexing="ij")
    outside = x**2 + y**2 >= 16**2
    assert images[:, outside].mean(dim=1).abs().max() < 1e-5 * images.abs().max()


def test_the_true_image_is_likelier_than_one_of_another_pose_translation_or_ctf() -> None:
    from encaudit.types import Posterior

    seen = scene()
    batch, q = seen.batch(32), Posterior(torch.zeros(5, ZDIM))
    encoder = encoder_that_knows(seen.blobs, 32)
    true = encoder.elbo(batch, q, seed=0)
    others = {"shift_px": -batch.shift_px, "ctf": batch.ctf.flip(0), "pose": batch.pose.flip(0)}
    for name, values in others.items():
        unlike = torch.ones(5, dtype=torch.bool)
        unlike[2] = name == "shift_px"  # the middle of five is its own mirror in a flip
        assert (encoder.elbo(batch.with_(**{name: values}), q, seed=0) < true)[unlike].all()

"""An image simulated with turned pose, translation and astigmatism is the turned image: transforms against physics."""

import pytest
import torch

from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch
from tests.transforms.observations import particles, same

SIGMA = 2.0  # pixels; at the Nyquist frequency a blob has 3e-9 of its power left
WEIGHTS = torch.tensor([1.0, 0.7, 0.5, -0.4], dtype=torch.float64)
CENTRES = torch.tensor(
    [[4, 0, 0], [0, 6, 1], [-3, 1, 5], [1, -5, -2]], dtype=torch.float64
)  # blob xyz: no mirror image


def blob_spectrum(k):
    """Return the Fourier transform of the blobs at spatial frequencies ``k`` (``... 3``, cycles per pixel)."""
    decay = torch.exp(-2 * torch.pi**2 * SIGMA**2 * (k**2).sum(-1, keepdim=True))
    return (WEIGHTS * decay * torch.exp(-2j * torch.pi * (k @ CENTRES.T))).sum(-1)


def simulate(box, shift_px, ctf, pose):
    """Return images ``b y x`` of the blobs as cryoDRGN understands them: its slice, its CTF, content at -shift."""
    from cryodrgn.ctf import compute_ctf

    fy, fx = torch.meshgrid(*2 * [torch.fft.fftfreq(box, dtype=torch.float64)], indexing="ij")
    k = torch.stack([fx, fy, torch.zeros_like(fx)], -1).view(-1, 3)
    images = []
    for t, c, rotation in zip(shift_px.double(), ctf.double(), pose.double(), strict=True):
        content = blob_spectrum(k @ rotation) * torch.exp(2j * torch.pi * (k[:, :2] @ t))
        spectrum = content * compute_ctf(k[:, :2] / c[0], *c[1:])
        images.append(torch.fft.fftshift(torch.fft.ifft2(spectrum.view(box, box)).real))
    return torch.stack(images).float()


def simulated(box):
    """Return blobs in three poses, off centre, with strong astigmatism and a CTF that changes sign in the picture."""
    drawn = particles(3, box=box)
    ctf = drawn.ctf.clone()
    ctf[:, 0], ctf[:, 1], ctf[:, 2] = 8.0, 9000.0, 21000.0
    return drawn.with_(ctf=ctf, images=simulate(box, drawn.shift_px, ctf, drawn.pose))


def resimulated(batch: ImageBatch, box):
    return batch.with_(images=simulate(box, batch.shift_px, batch.ctf, batch.pose))


def relative_error(a, b):
    return float((a.images - b.images).norm() / b.images.norm())


@pytest.mark.parametrize("box", [64, 65])
@pytest.mark.parametrize(
    "spec",
    [
        "rot90",
        "rot180",
        "rot270",
        "rotate:deg=90",
        "roll:dx=3,dy=-2,frame=covariant",
        "shift:dx=0.4,dy=-2.7,frame=covariant",
    ],
)
def test_moving_the_image_is_simulating_it_moved(box, spec):
    batch = simulated(box)
    moved = parse_transform(spec)(batch, seed=0)
    assert relative_error(moved, resimulated(moved, box)) < 1e-6
    assert relative_error(moved, batch) > 0.1


@pytest.mark.parametrize("box", [64, 65])
@pytest.mark.parametrize("deg", [10, -37, 45, 100, 200])
def test_rotating_the_image_is_simulating_it_rotated(box, deg):
    batch = simulated(box)
    moved = parse_transform(f"rotate:deg={deg}")(batch, seed=0)
    assert relative_error(moved, resimulated(moved, box)) < 1e-6
    assert relative_error(moved, batch) > 0.1


@pytest.mark.parametrize("box", [64, 65])
def test_mirroring_the_image_is_simulating_a_mirrored_particle(box):
    batch = simulated(box)
    moved = parse_transform("mirror")(batch, seed=0)
    # k (R M) with the first column of k negated is the slice of the mirrored projection; no rotation does that.
    reflected = moved.pose * torch.tensor([-1.0, 1.0, 1.0])[:, None]
    assert relative_error(moved, resimulated(moved.with_(pose=reflected), box)) < 1e-6
    assert relative_error(moved, resimulated(moved, box)) > 0.1


@pytest.mark.parametrize("box", [64, 65])
def test_a_turn_that_forgets_any_metadata_is_not_the_simulation(box):
    batch = simulated(box)
    moved = parse_transform("rot90")(batch, seed=0)
    for forgotten in ({"ctf": batch.ctf}, {"shift_px": batch.shift_px}, {"pose": batch.pose}):
        assert relative_error(moved, resimulated(moved.with_(**forgotten), box)) > 0.1


def test_all_tilts_of_a_particle_turn_like_images_of_their_own():
    tilts = particles(2, tilts=3)
    fields = ("images", "shift_px", "ctf", "pose")
    flat = ImageBatch(index=torch.arange(6), **{field: getattr(tilts, field).flatten(0, 1) for field in fields})
    for spec in ("rot90", "rotate:deg=33", "mirror", "roll1:frame=covariant", "shift:dx=0.5,frame=covariant"):
        whole, single = parse_transform(spec)(tilts, seed=0), parse_transform(spec)(flat, seed=0)
        unfolded = {field: getattr(single, field).unflatten(0, (2, 3)) for field in fields}
        assert same(whole, tilts.with_(**unfolded), atol=1e-6)

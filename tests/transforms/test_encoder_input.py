"""What cryoDRGN's encoder sees of a turned observation, by cryoDRGN's own functions."""

import pytest
import torch

from encaudit.transforms import parse_transform
from tests.transforms.observations import blobs, particles

BOX = 64


@pytest.fixture(scope="module")
def batch():
    """Noise images whose CTF changes sign within the mask, and whose astigmatism is as large as the defocus."""
    batch = particles(3, box=BOX)
    ctf = batch.ctf.clone()
    ctf[:, 0] = 3.0
    ctf[:, 2] = ctf[:, 1] + 15000
    return batch.with_(ctf=ctf)


def encoder_input(batch):
    """Return ``b y x``: windowed, Hartley-transformed, symmetrized, centred and phase-flipped by cryoDRGN."""
    from cryodrgn.ctf import compute_ctf
    from cryodrgn.fft import ht2_center, symmetrize_ht
    from cryodrgn.lattice import Lattice
    from cryodrgn.masking import spherical_window_mask

    lattice = Lattice(BOX + 1)
    window = spherical_window_mask(D=BOX, in_rad=0.85, out_rad=0.99)
    hartley = symmetrize_ht(ht2_center(batch.images * window)).flatten(1)
    centred = lattice.translate_ht(hartley, batch.shift_px[:, None]).squeeze(1)
    freqs = lattice.freqs2d / batch.ctf[:, :1, None]
    told = compute_ctf(freqs, *torch.split(batch.ctf[:, 1:], 1, dim=1))
    assert told.min() < -0.5
    assert told.max() > 0.5
    return (centred * told.sign()).view(-1, BOX + 1, BOX + 1)


def relative_error(seen, wanted):
    return float((seen - wanted).norm() / wanted.norm())


@pytest.mark.parametrize(("spec", "k"), [("rot90", -1), ("rot270", 1), ("rot180", 2)])
def test_the_encoder_sees_exactly_the_turned_input(batch, spec, k):
    turned = encoder_input(parse_transform(spec)(batch, seed=0))
    wanted = torch.rot90(encoder_input(batch), k, (-2, -1))
    assert relative_error(turned, wanted) < 1e-6


@pytest.mark.parametrize(("spec", "k"), [("rot90", -1), ("rot270", 1)])
def test_the_encoder_sees_something_else_if_any_part_is_left_unturned(batch, spec, k):
    turned = parse_transform(spec)(batch, seed=0)
    wanted = torch.rot90(encoder_input(batch), k, (-2, -1))
    array = parse_transform(f"{spec}:frame=array")(batch, seed=0).images
    for forgotten in ({"ctf": batch.ctf}, {"shift_px": batch.shift_px}, {"images": array}):
        assert relative_error(encoder_input(turned.with_(**forgotten)), wanted) > 0.3


def test_the_encoder_sees_exactly_the_mirrored_input(batch):
    mirrored = encoder_input(parse_transform("mirror")(batch, seed=0))
    assert relative_error(mirrored, encoder_input(batch).flip(-1)) < 1e-6


@pytest.mark.parametrize("move", ["roll:dx=1,dy=-2", "shift:dx=0.4,dy=-1.3"])
def test_the_encoder_centres_a_covariant_move_away(batch, move):
    batch = batch.with_(images=blobs(BOX).images.expand(3, -1, -1))  # nothing lies where the window falls off
    seen = encoder_input(batch)
    assert relative_error(encoder_input(parse_transform(f"{move},frame=covariant")(batch, seed=0)), seen) < 1e-5
    assert relative_error(encoder_input(parse_transform(f"{move},frame=raw")(batch, seed=0)), seen) > 0.1

"""The simulator speaks cryoDRGN's language: slices, translations, CTF, poses; and agrees with plain real space."""

import numpy as np
import pytest
import torch
from cryodrgn.ctf import compute_ctf
from cryodrgn.fft import ht2_center, symmetrize_ht
from cryodrgn.lattice import Lattice

from encaudit.simulation.blobs import Blobs
from encaudit.simulation.simulate import contrast_transfer, project, with_noise
from tests.physics.scene import APIX, Scene, relative_error, scene

BOX = 32


@pytest.fixture(scope="module")
def lattice() -> Lattice:
    return Lattice(BOX + 1, extent=0.5)  # coordinates in cycles per pixel


@pytest.fixture(scope="module")
def mask(lattice: Lattice) -> torch.Tensor:
    return lattice.get_circular_mask(BOX // 2 - 1)  # all but the Nyquist frequency, which has no two sides


def hartley(images: np.ndarray, mask: torch.Tensor) -> torch.Tensor:
    transformed = symmetrize_ht(ht2_center(torch.tensor(images, dtype=torch.float32)))
    return transformed.flatten(1)[:, mask]


def cryodrgn_slices(seen: Scene, lattice: Lattice, mask: torch.Tensor) -> torch.Tensor:
    """The slices of the true volume that cryoDRGN's decoder would be asked for, in Hartley space."""
    at = (lattice.coords[mask] @ torch.tensor(seen.poses, dtype=torch.float32)).double().numpy()
    volume = seen.blobs.fourier(at)
    return torch.tensor(volume.real - volume.imag, dtype=torch.float32)


def cryodrgn_ctf(seen: Scene, lattice: Lattice, mask: torch.Tensor) -> torch.Tensor:
    parameters = torch.tensor(seen.ctf, dtype=torch.float32)
    return compute_ctf(lattice.freqs2d[mask][None] / APIX, *torch.split(parameters[:, 1:], 1, 1))


def compact() -> Blobs:
    """The molecule shrunk and its blobs widened: it ends before the border, and its spectrum before Nyquist's."""
    count = len(scene().blobs.widths_px)
    return Blobs(0.35 * scene().blobs.centres_px, np.full(count, 1.9), np.linspace(0.5, 2, count))


def test_an_image_is_cryodrgns_slice_times_its_ctf_moved_by_its_translation(
    lattice: Lattice, mask: torch.Tensor
) -> None:
    seen = scene()
    expected = cryodrgn_slices(seen, lattice, mask) * cryodrgn_ctf(seen, lattice, mask)
    offsets = torch.tensor(seen.offsets_px, dtype=torch.float32)
    expected = lattice.translate_ht(expected, offsets[:, None], mask).squeeze(1)
    assert relative_error(hartley(seen.images(BOX), mask).numpy(), expected.numpy()) < 1e-5


def test_translating_by_minus_the_offset_centres_the_image(lattice: Lattice, mask: torch.Tensor) -> None:
    seen = scene()
    centred = Scene(seen.blobs, seen.poses, np.zeros_like(seen.offsets_px), seen.ctf)
    expected = hartley(centred.images(BOX), mask).numpy()
    stored = torch.tensor(-seen.offsets_px, dtype=torch.float32)[:, None]
    moved = lattice.translate_ht(hartley(seen.images(BOX), mask), stored, mask).squeeze(1)
    wrong = lattice.translate_ht(hartley(seen.images(BOX), mask), -stored, mask).squeeze(1)
    assert relative_error(moved.numpy(), expected) < 1e-5
    assert relative_error(wrong.numpy(), expected) > 0.1


@pytest.mark.parametrize("box", [31, 32])
def test_the_ctf_is_cryodrgns(box: int) -> None:
    ctf = scene().ctf
    y, x = np.meshgrid(np.fft.fftfreq(box), np.fft.fftfreq(box), indexing="ij")
    frequencies = torch.tensor(np.stack([x, y], axis=-1).reshape(-1, 2))
    expected = compute_ctf(frequencies[None] / APIX, *torch.split(torch.tensor(ctf)[:, 1:], 1, 1))
    assert relative_error(contrast_transfer(ctf, box).reshape(len(ctf), -1), expected.numpy()) < 1e-9


def test_the_ctf_is_negative_at_the_origin_and_changes_sign_inside_the_mask() -> None:
    ctf = contrast_transfer(scene().ctf, BOX)
    inside = np.hypot(*np.meshgrid(np.fft.fftfreq(BOX), np.fft.fftfreq(BOX))) < 0.5
    assert (ctf[:, 0, 0] < 0).all()
    assert ((ctf[:, inside] > 0).mean(axis=1) > 0.2).all()


@pytest.mark.parametrize("box", [31, 32, 40])
def test_a_projection_is_the_real_space_density_summed_along_the_beam(box: int) -> None:
    blobs = compact()
    pose, offset = scene().poses[0], np.array([0.7, -1.4])
    turned = Blobs(blobs.centres_px @ pose.T + [*offset, 0.0], blobs.widths_px, blobs.masses)
    image = project(blobs, pose[None], offset[None], None, box)[0]
    assert relative_error(image, turned.density(box).sum(axis=0)) < 1e-6


@pytest.mark.parametrize("box", [31, 32])
def test_a_blob_at_the_origin_is_seen_at_the_middle_pixel(box: int) -> None:
    dot = Blobs(np.zeros((1, 3)), np.array([1.5]), np.ones(1))
    image = project(dot, np.eye(3)[None], None, None, box)[0]
    assert np.unravel_index(image.argmax(), image.shape) == (box // 2, box // 2)
    to_the_right_and_down = project(dot, np.eye(3)[None], np.array([[3.0, 5.0]]), None, box)[0]
    assert np.unravel_index(to_the_right_and_down.argmax(), image.shape) == (box // 2 + 5, box // 2 + 3)


def test_fourier_and_real_space_of_a_density_agree() -> None:
    blobs = compact()
    frequency = np.fft.fftfreq(BOX)
    z, y, x = np.meshgrid(frequency, frequency, frequency, indexing="ij")
    expected = np.fft.fftn(np.fft.ifftshift(blobs.density(BOX)))
    inside = (np.stack([x, y, z]) ** 2).sum(axis=0) < 0.4**2
    found = blobs.fourier(np.stack([x, y, z], axis=-1)[inside])
    assert relative_error(found, expected[inside]) < 1e-5


def test_noise_has_the_stated_ratio_and_unit_deviation() -> None:
    clean = scene(50).images(BOX)
    noisy = with_noise(clean, snr=4.0, rng=np.random.default_rng(1))
    signal = with_noise(clean, snr=4.0, rng=np.random.default_rng(2)) - noisy  # two draws differ by noise alone
    assert signal.std() == pytest.approx(np.sqrt(2), rel=0.01)
    assert noisy.var() == pytest.approx(1 + 4, rel=0.02)

"""The spectrum of planted noise is found, with and without a particle in the middle."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images import assumed_white, estimate_noise_power, open_stack
from encaudit.types import ImageBatch

Spectrum = Callable[[Tensor], Tensor]  # of the frequency in cycles per pixel


class MemoryStack:
    """Images in memory, as particles (with translations) or without any metadata."""

    apix, files = None, ()

    def __init__(self, images: Tensor, particles: bool = True, index: np.ndarray | None = None) -> None:
        self.images, self.particles = images, particles
        self.index = np.arange(len(images)) if index is None else index
        self.image_shape = tuple(images.shape[1:])

    def read(self, positions: np.ndarray) -> ImageBatch:
        shift = torch.zeros(len(positions), 2) if self.particles else None
        return ImageBatch(self.images[positions], torch.from_numpy(self.index[positions]), shift_px=shift)


def white(frequency: Tensor) -> Tensor:
    return torch.full_like(frequency, 4.0)


def coloured(frequency: Tensor) -> Tensor:
    return 0.5 + 3 * torch.exp(-((frequency / 0.2) ** 2))


def radius(box: int) -> Tensor:
    frequency = torch.fft.fftfreq(box)
    return torch.hypot(frequency[:, None], frequency)


def noise(spectrum: Spectrum, box: int, count: int, seed: int = 0) -> Tensor:
    """Noise cut from larger fields, so that it does not wrap around the box."""
    draws = torch.randn(count, 3 * box, 3 * box, generator=torch.Generator().manual_seed(seed))
    field = torch.fft.ifft2(torch.fft.fft2(draws) * spectrum(radius(3 * box)).sqrt()).real
    return field[:, :box, :box].contiguous()


def particle(box: int) -> Tensor:
    place = torch.arange(box) - box // 2
    return 20 * torch.exp(-(place[:, None] ** 2 + place**2) / (2 * (box / 9) ** 2))


@pytest.mark.parametrize("box", [31, 32])
@pytest.mark.parametrize("spectrum", [white, coloured])
@pytest.mark.parametrize("present", [False, True], ids=["empty", "particle"])
def test_the_noise_around_a_particle_has_its_spectrum(box: int, spectrum: Spectrum, present: bool) -> None:
    images = 5.0 + noise(spectrum, box, 800) + (particle(box) if present else 0)
    found = estimate_noise_power(MemoryStack(images), seed=0)
    power, expected = found.of(np.arange(3)), spectrum(radius(box))
    assert power.shape == (3, box, box) and power.dtype == torch.float32
    ratio = power[0] / expected
    assert ratio.min() > 0.8 and ratio.max() < 1.2  # at single frequencies; lowest ones are the least sure
    assert ratio[expected <= expected.median()].mean() == pytest.approx(1, abs=0.04)
    assert found.std == pytest.approx(float(expected.mean().sqrt()), rel=0.02)
    assert found.source == "background" and f"{found.std:.4g}" in found.description


def test_a_spectrum_is_positive_and_the_same_both_ways() -> None:
    power = estimate_noise_power(MemoryStack(noise(coloured, 32, 5)), seed=0).of(np.arange(1))[0]
    assert (power >= 0).all()
    assert torch.equal(power[1:, 1:], power[1:, 1:].flip(0, 1))


def test_large_groups_have_a_spectrum_of_their_own_and_small_ones_share() -> None:
    images = torch.cat([noise(white, 24, 300), 3 * noise(white, 24, 300, seed=1), noise(white, 24, 20, seed=2)])
    groups = np.repeat([7, 2, 5], [300, 300, 20])
    order = np.random.default_rng(0).permutation(620)
    found = estimate_noise_power(MemoryStack(images[order], index=1000 + order), seed=0, groups=groups[order])
    power = found.of(torch.tensor([1000, 1300, 1600])).mean(dim=(1, 2))
    assert power.tolist() == pytest.approx([4, 36, 4 * (300 + 9 * 300 + 20) / 620], rel=0.05)
    assert "2 groups by themselves" in found.description


def test_images_that_cannot_be_used_do_not_count() -> None:
    images = noise(white, 24, 300)
    images[7, 3, 3] = float("nan")
    assert estimate_noise_power(MemoryStack(images), seed=0).std == pytest.approx(2, rel=0.02)


def test_windowed_and_noise_free_stacks_are_refused_with_the_way_out() -> None:
    images = noise(white, 32, 20)
    place = torch.arange(32) - 16
    images[:, place[:, None] ** 2 + place**2 >= 15**2] = 0.25
    for stack in (MemoryStack(images), MemoryStack(particle(32).expand(20, 32, 32))):
        with pytest.raises(InputError, match=r"windowed, or have no noise.*renoise:snr=0\.1"):
            estimate_noise_power(stack, seed=0)
        assert (assumed_white(stack).of(stack.index) == 1).all()


def test_other_images_have_the_noise_that_is_left_of_them() -> None:
    signal = particle(28)
    stack = MemoryStack(signal + noise(coloured, 28, 400), particles=False)
    found = estimate_noise_power(stack, seed=0, expected=lambda batch: signal.expand_as(batch.images))
    assert found.source == "residual"
    assert found.std == pytest.approx(float(coloured(radius(28)).mean().sqrt()), rel=0.02)
    low, high = found.of(np.arange(1))[0, 0, [1, 14]]
    assert low > 3 * high
    with pytest.raises(InputError, match="no decoder"):
        estimate_noise_power(stack, seed=0)


@pytest.mark.parametrize("shape", [(3, 16, 16)])
def test_tilt_series_and_colour_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="tilt series and colour"):
        estimate_noise_power(MemoryStack(torch.randn(4, *shape)), seed=0)


def test_the_noise_of_simulated_ribosomes_is_found(shared_data: Path) -> None:
    folder = shared_data / "ribosome"
    stack = open_stack(folder / "particles.mrcs", poses=folder / "poses.pkl", ctf=folder / "ctf.pkl")
    clean = torch.from_numpy(np.load(folder / "clean_first512.npy"))
    true_noise = stack.read(np.arange(512)).images - clean
    true_power = torch.fft.fft2(true_noise).abs().square().mean(dim=0) / 32**2  # stronger at low frequencies
    found = estimate_noise_power(stack, seed=0)
    assert found.std == pytest.approx(float(true_noise.std()), rel=0.02)
    for low, high in ((0.05, 0.15), (0.15, 0.3), (0.3, 0.5)):
        ring = (radius(32) > low) & (radius(32) <= high)
        assert float(found.of(np.arange(1))[0][ring].mean() / true_power[ring].mean()) == pytest.approx(1, abs=0.05)

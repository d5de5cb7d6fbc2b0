from pathlib import Path

import mrcfile
import numpy as np
import pytest
import torch

from encaudit.errors import InputError
from encaudit.transforms import parse_transform
from encaudit.transforms.renoise import Renoise
from tests.transforms.observations import particles, spectrum


def power_of(noise: torch.Tensor) -> torch.Tensor:
    return torch.fft.fft2(noise).abs().square().mean(dim=0) / noise[0].numel()


@pytest.mark.parametrize("box", [15, 16])
def test_the_noise_has_the_power_of_the_stacks(box):
    batch = particles(4000, box)
    noise = parse_transform("renoise")(batch, seed=0).images - batch.clean
    ratio = power_of(noise) / spectrum(box)
    assert ratio.min() > 0.9 and ratio.max() < 1.1
    assert ratio.mean() == pytest.approx(1, abs=0.01)


def test_nothing_of_the_old_image_is_left():
    batch = particles(3)
    other = batch.with_(images=torch.zeros_like(batch.images))
    assert torch.equal(
        parse_transform("renoise")(batch, seed=0).images, parse_transform("renoise")(other, seed=0).images
    )


def test_each_image_has_the_stated_ratio_and_the_spectrum_of_the_stack():
    batch = particles(4000)
    scale = torch.linspace(1, 10, 4000)[:, None, None]
    batch = batch.with_(clean=batch.clean * scale)
    noise = parse_transform("renoise:snr=0.5")(batch, seed=0).images - batch.clean
    signal = batch.clean.var((-2, -1), correction=0)
    assert (signal / noise.square().mean((-2, -1))).mean() == pytest.approx(0.5, rel=0.03)
    relative = power_of(noise / signal.sqrt()[:, None, None])
    assert torch.allclose(relative / relative.mean(), spectrum(16) / spectrum(16).mean(), rtol=0.1)


def test_strength_zero_an_endless_snr_is_the_noise_free_image():
    batch = particles()
    assert torch.equal(parse_transform("renoise:snr=1e30")(batch, seed=0).images, batch.clean)


def test_two_ratios_scale_one_draw():
    batch = particles()
    strong, weak = (parse_transform(f"renoise:snr={snr}")(batch, seed=0).images - batch.clean for snr in (1, 4))
    assert torch.allclose(strong, 2 * weak, atol=1e-5)


@pytest.mark.parametrize("kind", ["npy", "mrcs"])
def test_noise_free_images_of_a_file_belong_to_the_rows_of_the_stack(kind: str, tmp_path: Path):
    images = np.random.default_rng(0).normal(size=(14, 16, 16)).astype(np.float32)
    path = tmp_path / f"clean.{kind}"
    if kind == "npy":
        np.save(path, images)
    else:
        mrcfile.write(path, images)
    batch = particles(4)  # rows 10 .. 13
    with_file = parse_transform(f"renoise:clean={path}")(batch.with_(clean=None), seed=0)
    assert torch.equal(
        with_file.images, parse_transform("renoise")(batch.with_(clean=torch.from_numpy(images[10:])), seed=0).images
    )
    assert parse_transform(f"renoise:clean={path}+roll1").covers(np.array([0, 13, 14])).tolist() == [True, True, False]


def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path):
    path, batch = tmp_path / "clean.npy", particles(4)
    found = []
    for rows in (14, 15):
        np.save(path, rows + np.random.default_rng(0).normal(size=(rows, 16, 16)).astype(np.float32) / 1e4)
        transform = parse_transform(f"renoise:clean={path},snr=1")
        found.append(transform(batch, seed=0).images)
    assert [round(float(images.mean())) for images in found] == [14, 15]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (np.zeros((20, 16, 16), np.float32), "shows nothing in row 10"),
        (np.zeros((20, 8, 8), np.float32), "images of 8 x 8 pixels, and the stack those of 16 x 16"),
        (np.zeros((16, 16), np.float32), "shape 16 x 16; expected noise-free images"),
        (np.zeros((20, 16, 16), complex), "complex128"),
        (np.zeros((12, 16, 16), np.float32), "has 12 images, none for row 13"),
        (np.full((20, 16, 16), np.nan, np.float32), "not finite in row 10"),
    ],
    ids=["constant", "box", "single", "complex", "short", "nan"],
)
def test_a_file_of_other_images_is_refused(content: np.ndarray, said: str, tmp_path: Path):
    np.save(tmp_path / "clean.npy", content)
    with pytest.raises(InputError, match=said):
        Renoise(clean=str(tmp_path / "clean.npy"))(particles(4), seed=0)


def test_what_is_no_file_of_images_is_refused(tmp_path: Path):
    (tmp_path / "damaged.npy").write_bytes(b"\x93NUMPY\x01\x00 cut off")
    (tmp_path / "damaged.mrcs").write_bytes(b"cut off")
    (tmp_path / "images.txt").write_text("1 2 3")
    np.savez(tmp_path / "archive.npz", np.zeros(3))
    (tmp_path / "archive.npz").rename(tmp_path / "archive.npy")
    for name, said in (
        ("damaged.npy", "cut off or damaged"),
        ("damaged.mrcs", "cut off or damaged"),
        ("images.txt", r"Expected \.npy or \.mrcs"),
        ("archive.npy", "archive of several"),
        ("none.npy", "No noise-free images at"),
    ):
        with pytest.raises(InputError, match=said):
            Renoise(clean=str(tmp_path / name)).check(particles())


def test_a_chain_moves_the_fresh_image():
    batch = particles()
    chained = parse_transform("renoise+roll1")(batch, seed=0).images
    assert torch.equal(chained, parse_transform("renoise")(batch, seed=0).images.roll(1, -1))


def test_draws_of_other_numbers_are_independent():
    batch = particles(2, box=64)
    first, second = (
        parse_transform(spec)(batch, seed=0).images - batch.clean for spec in ("renoise", "renoise:draw=1")
    )
    assert abs(np.corrcoef(first.flatten(), second.flatten())[0, 1]) < 0.05

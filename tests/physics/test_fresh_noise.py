"""What fresh noise does to the latents of a real run, held to noise-free images that another program simulated."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.encoders import open_encoder
from encaudit.images import estimate_noise_power, open_stack
from encaudit.transforms import parse_transform
from encaudit.types import Encoder, ImageBatch, Renderer

COUNT = 512


@dataclass
class Ribosomes:
    """The first images of the stack with what renoise needs, and their latents in units of a random pair's distance."""

    folder: Path
    encoder: Encoder
    batch: ImageBatch
    unit: float

    def z(self, images: torch.Tensor) -> torch.Tensor:
        return self.encoder.encode(self.batch.with_(images=images)).mu

    def drawn(self, spec: str, seed: int = 0) -> torch.Tensor:
        return self.z(parse_transform(spec)(self.batch, seed=seed).images)

    def apart(self, one: torch.Tensor, other: torch.Tensor) -> float:
        return float((one - other).norm(dim=1).mean()) / self.unit


@pytest.fixture(scope="module")
def ribosomes(shared_data: Path) -> Ribosomes:
    folder = shared_data / "ribosome"
    stack = open_stack(folder / "particles.mrcs", poses=folder / "poses.pkl", ctf=folder / "ctf.pkl")
    encoder = open_encoder(str(folder / "run" / "weights.16.pkl")).encoder
    assert isinstance(encoder, Renderer)
    z = encoder.encode(stack.read(np.arange(len(stack)))).mu
    unit = float(torch.pdist(z).mean())
    batch = stack.read(np.arange(COUNT))
    power = estimate_noise_power(stack, seed=0).of(batch.index)
    return Ribosomes(folder, encoder, batch.with_(clean=encoder.render(batch, z[:COUNT]), noise_power=power), unit)


def test_fresh_noise_on_the_true_particle_moves_latents_as_far_as_the_simulators_own(ribosomes: Ribosomes) -> None:
    z = ribosomes.z(ribosomes.batch.images)
    theirs = ribosomes.apart(ribosomes.z(torch.from_numpy(np.load(ribosomes.folder / "renoised.npy")).float()), z)
    ours = ribosomes.apart(ribosomes.drawn(f"renoise:clean={ribosomes.folder / 'clean_first512.npy'}"), z)
    assert theirs == pytest.approx(0.459, abs=0.01)  # the README of the data
    assert ours == pytest.approx(theirs, rel=0.06)


def test_two_draws_on_the_decoders_image_lie_as_far_apart_as_two_on_the_true_particle(ribosomes: Ribosomes) -> None:
    clean = f"renoise:clean={ribosomes.folder / 'clean_first512.npy'}"
    of_decoder = ribosomes.apart(ribosomes.drawn("renoise"), ribosomes.drawn("renoise:draw=1"))
    of_truth = ribosomes.apart(ribosomes.drawn(clean), ribosomes.drawn(f"{clean},draw=1"))
    assert of_decoder == pytest.approx(of_truth, rel=0.1)


def test_what_the_decoder_did_not_learn_moves_latents_too(ribosomes: Ribosomes) -> None:
    z = ribosomes.z(ribosomes.batch.images)
    from_image = ribosomes.apart(ribosomes.drawn("renoise"), z)
    noise_alone = ribosomes.apart(ribosomes.drawn("renoise"), ribosomes.drawn("renoise:draw=1"))
    assert from_image > 1.2 * noise_alone
    assert ribosomes.apart(ribosomes.z(ribosomes.batch.clean), z) > 0.5

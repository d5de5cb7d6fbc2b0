"""Encoders saved as programs give the latents of the network they were saved from."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from encaudit.encoders.scripted import load_exported, load_torchscript
from encaudit.errors import InputError, UnsafePickleError
from encaudit.types import Encoder, ImageBatch, Reinitializable


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mu, self.logvar, self.drop = nn.Linear(16, 2), nn.Linear(16, 2), nn.Dropout(0.5)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        flat = self.drop(images.flatten(1))
        return self.mu(flat), self.logvar(flat)


class WithEncode(Network):
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images, images

    @torch.jit.export
    def encode(self, images: Tensor) -> Tensor:
        return self.mu(self.drop(images.flatten(1)))


class OnlyMu(Network):
    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.mu(images.flatten(1)),)


class Summing(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1).sum(0, keepdim=True)


class TwoInputs(nn.Module):
    def forward(self, images: Tensor, angle: Tensor) -> Tensor:
        return images.flatten(1) * angle


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network().eval()


IMAGES = torch.randn(7, 4, 4, generator=torch.Generator().manual_seed(1))


def batch(count: int = 7) -> ImageBatch:
    return ImageBatch(IMAGES[:count], torch.arange(count))


def scripted(module: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(module).save(str(path))
    return path


def exported(module: nn.Module, path: Path, batch_size: Any, example: tuple[Tensor, ...] | None = None) -> Path:
    shapes = None if batch_size is None else ({0: batch_size},)
    torch.export.save(torch.export.export(module, example or (torch.zeros(4, 4, 4),), dynamic_shapes=shapes), str(path))
    return path


def assert_agrees(encoder: Encoder, network: Network) -> None:
    with torch.no_grad():
        mu, logvar = network(IMAGES)
    for count in (7, 4, 1):
        posterior = encoder.encode(batch(count))
        assert torch.allclose(posterior.mu, mu[:count], atol=1e-6)
        assert posterior.logvar is not None
        assert torch.allclose(posterior.logvar, logvar[:count], atol=1e-6)
    assert encoder.latent_dim == 2


def test_torchscript_agrees_with_its_network_and_with_itself(network: Network, tmp_path: Path) -> None:
    encoder = load_torchscript(scripted(network.train(), tmp_path / "e.pt"))
    assert_agrees(encoder, network.eval())
    first = encoder.encode(batch()).mu
    assert all(torch.equal(encoder.encode(batch()).mu, first) for _ in range(4))
    assert not isinstance(encoder, Reinitializable)


def test_torchscript_method_encode_wins_over_forward(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = WithEncode().eval()
    posterior = load_torchscript(scripted(network, tmp_path / "e.pt")).encode(batch())
    assert torch.equal(posterior.mu, network.encode(IMAGES).detach())
    assert posterior.logvar is None


def test_a_damaged_torchscript_file_is_refused(network: Network, tmp_path: Path) -> None:
    path = scripted(network, tmp_path / "e.pt")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="cannot be loaded as TorchScript"):
        load_torchscript(path)
    with pytest.raises(InputError, match="No file at"):
        load_torchscript(tmp_path / "gone.pt")


@pytest.mark.parametrize("batch_size", [None, torch.export.Dim("b"), torch.export.Dim("b", min=2, max=5)])
def test_exported_program_agrees_whatever_batch_it_takes(network: Network, tmp_path: Path, batch_size: Any) -> None:
    assert_agrees(load_exported(exported(network, tmp_path / "e.pt2", batch_size), trust=True), network)


def test_exported_program_may_return_mu_alone(tmp_path: Path) -> None:
    posterior = load_exported(exported(OnlyMu().eval(), tmp_path / "e.pt2", None), trust=True).encode(batch())
    assert posterior.mu.shape == (7, 2)
    assert posterior.logvar is None


def test_exported_program_is_refused_without_trust_and_nothing_runs(network: Network, tmp_path: Path) -> None:
    path = exported(network, tmp_path / "e.pt2", None)
    with pytest.raises(UnsafePickleError, match="--trust-pickle"):
        load_exported(path)


def test_exported_program_of_other_inputs_or_outputs_is_refused(network: Network, tmp_path: Path) -> None:
    example = (torch.zeros(4, 4, 4), torch.zeros(4, 1))
    with pytest.raises(InputError, match="takes 2 inputs"):
        load_exported(exported(TwoInputs(), tmp_path / "two.pt2", None, example), trust=True)
    with pytest.raises(InputError, match=r"of shape \(1, 16\) for 7 images"):
        load_exported(exported(Summing(), tmp_path / "sum.pt2", None), trust=True).encode(batch())
    with pytest.raises(InputError, match=r"images of shape \(3, 5, 5\)"):
        load_exported(exported(network, tmp_path / "e.pt2", None), trust=True).encode(
            ImageBatch(torch.zeros(3, 5, 5), torch.arange(3))
        )


def test_a_damaged_exported_file_is_refused(network: Network, tmp_path: Path) -> None:
    path = exported(network, tmp_path / "e.pt2", None)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match=r"cannot be loaded as a torch\.export program"):
        load_exported(path, trust=True)

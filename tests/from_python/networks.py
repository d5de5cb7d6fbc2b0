"""A small network and images, which the command line finds too (module:tests.from_python.networks:build)."""

import numpy as np
import torch
from torch import Tensor, nn

PIXELS = 12


class Network(nn.Module):
    """Dropout and batch norm, so that training mode would be noticed."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.drop = nn.BatchNorm1d(PIXELS * PIXELS), nn.Dropout(0.5)
        self.out = nn.Linear(PIXELS * PIXELS, 6)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mu, logvar = self.out(self.drop(self.norm(images.flatten(1)))).chunk(2, dim=1)
        return mu, logvar


def build() -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return Network()


def images(n: int = 40, *channels: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, *channels, PIXELS, PIXELS)).astype(np.float32)

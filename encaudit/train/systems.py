"""The three systems: an encoder that sees its image, one that sees a twin of it, and a table that sees nothing."""

import numpy as np
import torch

from encaudit.encoders.cryodrgn import fresh_network
from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.images import CentredStack, ImageStack
from encaudit.train.held_out import deranged_apart
from encaudit.train.particle_objective import ParticleObjective
from encaudit.train.particles import OnProgress, Particles, prepare
from encaudit.train.settings import Settings
from encaudit.train.table import LookupTable
from encaudit.train.table_start import table_start
from encaudit.train.views import MovedImage, TwinImage, View
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch, Stack


def build(
    settings: Settings,
    config: CryodrgnConfig,
    source: ImageStack,
    device: torch.device,
    on_progress: OnProgress,
    held_out: np.ndarray | None = None,
) -> ParticleObjective:
    """Return what the settings ask for, on the images of ``source``, which are read here.

    ``held_out`` are the positions that are not trained on; None for none.
    """
    stack = CentredStack(source)
    twin_of = None
    if settings.kind == "twin":  # before the images are read: it may be refused
        apart = np.array([], dtype=np.int64) if held_out is None else held_out
        twin_of = deranged_apart(len(stack.index), apart, settings.seed)
    model, lattice = fresh_network(config, settings.seed, device)
    frame = CryodrgnFrame(config, lattice, device)
    mask = lattice.get_circular_mask(config.box // 2)
    if model.enc_mask is None or not bool(mask[model.enc_mask].all()):  # the encoder sees more than the loss does
        mask = torch.ones_like(mask)
    particles = prepare(stack, frame, mask, on_progress)
    table = None
    if settings.kind == "vlt":
        start = table_start(settings.init, settings.moments_from, stack, settings.zdim, settings.seed, device.type)
        table = LookupTable(start, frozen=settings.freeze).to(device)
    objective = ParticleObjective(settings, model, frame, particles, table=table)
    if twin_of is not None:
        objective.view = _twins(settings, twin_of, source, stack, frame, mask, particles, objective)
    elif settings.augment:
        raw = stack.read(np.arange(len(particles)))
        objective.view = MovedImage(raw, frame, mask, objective.sign, settings.augment, settings.seed)
    return objective


def _twins(
    settings: Settings,
    twin_of: np.ndarray,
    source: ImageStack,
    stack: Stack,
    frame: CryodrgnFrame,
    mask: torch.Tensor,
    particles: Particles,
    objective: ParticleObjective,
) -> View:
    """Return other images, or the noise that `encaudit probe -t noise` shows the encoder for the same seed."""
    if settings.twin == "permutation":
        return TwinImage(particles, twin_of, objective.sign, settings.twin_ctf)
    noise = prepare(_NoiseOf(stack, source, settings.seed), frame, mask)
    return TwinImage(noise, np.arange(len(particles)), objective.sign, settings.twin_ctf)


class _NoiseOf:
    """A stack with noise of its moments in the place of every image."""

    def __init__(self, stack: Stack, source: ImageStack, seed: int) -> None:
        self._stack, self._moments, self._seed = stack, source.moments, seed
        self._noise = parse_transform("noise")
        self.index, self.image_shape, self.apix, self.files = stack.index, stack.image_shape, stack.apix, stack.files

    def read(self, positions: np.ndarray) -> ImageBatch:
        """Read the noise of these positions, with the metadata of the images."""
        return self._noise(self._stack.read(positions).with_(moments=self._moments), seed=self._seed)

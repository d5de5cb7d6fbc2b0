"""What the decoders of the runs draw for the same particles."""

import numpy as np

from encaudit.comparing.runs import TrainedRun
from encaudit.errors import EncauditError
from encaudit.memorisation import relative_heterogeneity, volume_heterogeneity
from encaudit.results import Skipped, Summary
from encaudit.stats import generator

MOST_VOXELS = 64  # a side; at full size twenty volumes of a large box would fill the memory


def decoded(run: TrainedRun, count: int, box: int | None, device: str, seed: int) -> np.ndarray | Skipped:
    """Return the volumes ``m z y x`` (images ``m y x``, where the decoder draws those) of up to ``count`` particles.

    The particles are picked by the seed, the same in every run. ``box``: that of the volumes; None for full size, or
    for 64 where that is larger.
    """
    from encaudit.encoders import open_encoder

    n = len(run.latents)
    rows = np.sort(generator(seed, "particles to decode").permutation(n)[:count])
    try:
        opened = open_encoder(str(run.path), device=device)
        return _drawn(opened.encoder, run.latents.mu[rows], box)
    except EncauditError as error:
        return Skipped(f"nothing was decoded: {str(error).rstrip('.')}")


def heterogeneity_of(
    volumes: np.ndarray | Skipped, of_base: np.ndarray | Skipped | None, seed: int
) -> dict[str, Summary | Skipped]:
    """Return volume_heterogeneity, and relative_heterogeneity beside the base run's volumes."""
    if isinstance(volumes, Skipped):
        return {"volume_heterogeneity": volumes}
    measures = {"volume_heterogeneity": volume_heterogeneity(volumes, seed)}
    if isinstance(of_base, np.ndarray):
        measures["relative_heterogeneity"] = relative_heterogeneity(volumes, of_base, seed)
    return measures


def _drawn(encoder: object, z: np.ndarray, box: int | None) -> np.ndarray | Skipped:
    import torch

    from encaudit.encoders.vae import VaeEncoder
    from encaudit.encoders.vae_table import ImageTable
    from encaudit.types import BatchDecoder, Decoder

    if isinstance(encoder, VaeEncoder | ImageTable):
        return np.asarray(encoder.decode(torch.from_numpy(z)).cpu().numpy())
    if not isinstance(encoder, Decoder):
        return Skipped("the run has no decoder of volumes")
    if box is None and np.shape(encoder.decode_volume(z[0]))[0] > MOST_VOXELS:
        box = MOST_VOXELS
    if isinstance(encoder, BatchDecoder):
        return np.stack(list(encoder.decode_volumes(z, box)))
    return np.stack([encoder.decode_volume(one, box) for one in z])

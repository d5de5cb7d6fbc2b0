"""Observations together with what the decoder expects of them, and with the noise of their stack."""

import numpy as np
import torch
from torch import Tensor

from encaudit.probe.sample import Sample
from encaudit.transforms import SpecTransform
from encaudit.types import Encoder, ImageBatch, Posterior, Renderer

CLEAN, NOISE_POWER = "clean", "noise_power"  # fields of ImageBatch that the pass fills where a transform needs them


class Rendered:
    """The observations of a batch with what a transform needs beside their pixels; rendered once, for all jobs."""

    def __init__(self, encoder: Encoder, batch: ImageBatch, q: Posterior, sample: Sample) -> None:
        self._encoder, self._batch, self._q, self._sample = encoder, batch, q, sample
        self._clean: dict[bytes, Tensor] = {}

    def prepared(self, transform: SpecTransform, rows: np.ndarray) -> ImageBatch:
        """Return these observations of the batch; all of them are the batch itself."""
        batch = self._batch
        if len(rows) < len(batch):
            batch = batch.select(torch.from_numpy(rows))
        if CLEAN in transform.needs:
            batch = batch.with_(clean=self._rendered(batch, rows))
        if NOISE_POWER in transform.needs:
            assert self._sample.noise is not None, "refused before the pass"
            batch = batch.with_(noise_power=self._sample.noise.of(batch.index).to(batch.images))
        return batch

    def _rendered(self, batch: ImageBatch, rows: np.ndarray) -> Tensor:
        key = rows.tobytes()
        if key not in self._clean:
            assert isinstance(self._encoder, Renderer), "refused before the pass"
            z = self._q.mu[torch.from_numpy(rows).to(self._q.mu.device)]
            self._clean[key] = self._encoder.render(batch, z).to(batch.images)
        return self._clean[key]

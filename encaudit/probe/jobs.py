"""What the pass does to each batch: one encoding for each per-image transform, by the encoder or its untrained twin."""

from dataclasses import dataclass

import numpy as np

from encaudit.precision import encode
from encaudit.probe.collected import REFERENCE, Key
from encaudit.probe.rendered import Rendered
from encaudit.probe.sample import Sample
from encaudit.probe.steadiness import refuse_two_latents
from encaudit.results import IDENTITY
from encaudit.transforms import SpecTransform
from encaudit.types import Encoder, ImageBatch, Posterior


@dataclass(frozen=True)
class Job:
    """One encoding that the pass makes: a per-image transform under the encoder or its untrained twin."""

    transform: SpecTransform
    untrained: bool
    sampled: bool


def encode_all(
    encoders: dict[bool, Encoder], jobs: dict[Key, Job], batch: ImageBatch, sample: Sample, seed: int
) -> dict[Key, tuple[np.ndarray, Posterior]]:
    """Return, for each job, which positions of the batch it covers, and their posterior."""
    whole = np.arange(len(batch))
    reference = encode(encoders[False], batch)
    found = {REFERENCE: (whole, reference)}
    index = batch.index.cpu().numpy()
    in_sample = np.isin(index, sample.rows)
    rendered = Rendered(encoders[False], batch, reference, sample)
    for key, job in jobs.items():
        covered = job.transform.covers(index) & (in_sample | (not job.sampled))
        if not covered.any():
            continue
        rows = np.flatnonzero(covered)
        observed = rendered.prepared(job.transform, rows)
        found[key] = (rows, encode(encoders[job.untrained], job.transform(observed, seed=seed)))
    refuse_two_latents(reference, found[(IDENTITY, False)][1])
    return found

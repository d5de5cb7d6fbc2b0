"""What the pass does to each batch: one encoding for each per-image transform, by the encoder or its untrained twin."""

from dataclasses import dataclass

import numpy as np

from encaudit.precision import encode, encode_symmetric
from encaudit.probe.collected import REFERENCE, Key
from encaudit.probe.moving import moved_by
from encaudit.probe.rendered import Rendered
from encaudit.probe.sample import Sample
from encaudit.probe.steadiness import refuse_two_latents
from encaudit.results import IDENTITY
from encaudit.transforms import SpecTransform
from encaudit.types import Encoder, ImageBatch, Posterior, SymmetricEncoder


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
    found |= {key: (whole, posterior) for key, posterior in _by_symmetry(encoders, jobs, batch).items()}
    index = batch.index.cpu().numpy()
    in_sample = np.isin(index, sample.rows)
    rendered = Rendered(encoders[False], batch, reference, sample)
    for key, job in jobs.items():
        covered = job.transform.covers(index) & (in_sample | (not job.sampled))
        if not covered.any() or key in found:
            continue
        rows = np.flatnonzero(covered)
        observed = rendered.prepared(job.transform, rows)
        found[key] = (rows, encode(encoders[job.untrained], moved_by(job.transform, observed, seed)))
    refuse_two_latents(reference, found[(IDENTITY, False)][1])
    return found


def _by_symmetry(encoders: dict[bool, Encoder], jobs: dict[Key, Job], batch: ImageBatch) -> dict[Key, Posterior]:
    """Return what can be said of jobs that only turn or mirror whole particles, by encoders that need no copies."""
    found: dict[Key, Posterior] = {}
    for untrained, encoder in encoders.items():
        if not (batch.is_particle and isinstance(encoder, SymmetricEncoder) and encoder.knows_symmetries):
            continue
        alike = {
            key: job.transform.symmetry
            for key, job in jobs.items()
            if job.transform.symmetry is not None and job.untrained == untrained and not job.sampled
        }
        if alike:
            found |= zip(alike, encode_symmetric(encoder, batch, list(alike.values())), strict=True)
    return found

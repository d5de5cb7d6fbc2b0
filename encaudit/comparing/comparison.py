"""What a comparison of runs found: numbers and words, of which page, JSON and pictures are made."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from encaudit.memorisation import ClusterKept
from encaudit.results import Finding, Latents, Skipped, Summary

SCHEMA = 1


@dataclass(frozen=True)
class RunReport:
    """One run: what it is, and what its losses, its table and its volumes say.

    ``role``: "null", "base" or "". ``seed`` and ``epochs`` are None where no run.json tells. ``curve``: the epoch and
    the mean reconstruction of the training images in it. ``loss_scale``: what the run's own reconstruction errors were
    multiplied by, to be in the unit of the base run.
    """

    name: str
    path: str
    kind: str
    role: str
    seed: int | None
    epochs: int | None
    measures: dict[str, Summary | Skipped]
    curve: tuple[tuple[int, float], ...]
    loss_scale: float = 1.0


@dataclass(frozen=True)
class PairReport:
    """Two runs: how far their latents agree.

    ``seeds``: whether they differ by their seed alone. ``between_seeds``: what such pairs of this comparison give, the
    worst of them; empty where there are none. ``same`` and ``unrelated``: what a run gives compared with itself, and
    with one that has nothing in common with it.
    """

    reference: str
    other: str
    seeds: bool
    measures: dict[str, Summary | Skipped]
    same: dict[str, float | None]
    unrelated: dict[str, float]
    between_seeds: dict[str, float]
    clusters: list[ClusterKept]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that was found on the images that all runs have.

    ``particles``: columns of one value an image, in the order of ``index``. ``clusters`` (``n``): the cluster of each
    image in the reference run, None where there are none. ``placed``: the latents of the reference run, and those of
    the others in its frame, where they can be brought there.
    """

    provenance: dict[str, Any]
    runs: list[RunReport]
    pairs: list[PairReport]
    findings: list[Finding]
    index: np.ndarray
    particles: dict[str, np.ndarray]
    clusters: np.ndarray | None
    placed: dict[str, Latents]

"""Latents with known answers, and the shortest way from them to a measured value."""

import numpy as np

from encaudit.metrics import METRICS
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.metric import PerImage, Result, WholeSet
from encaudit.metrics.scale import headline
from encaudit.results import Latents


def normal(n: int, d: int, seed: int = 0) -> np.ndarray:
    """A standard normal cloud whose float32 latents have distinct distances."""
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def latents(mu: np.ndarray, logvar: np.ndarray | float | None = None) -> Latents:
    filled = None if logvar is None else np.broadcast_to(np.asarray(logvar, np.float32), np.shape(mu)).copy()
    return Latents(np.asarray(mu, np.float32), filled, np.arange(len(mu)))


def pair(mu, moved, *, logvar=None, moved_logvar=None, groups=None, seed: int = 0) -> Pair:
    other = logvar if moved_logvar is None else moved_logvar
    return Pair(Cloud(latents(mu, logvar), groups, seed), latents(moved, other))


def evaluate(metric: str, of: Pair) -> Result:
    return METRICS.get(metric).evaluate(of)


def value(metric: str, of: Pair) -> float:
    found = headline(evaluate(metric, of))
    assert found is not None, evaluate(metric, of)
    return found


def per_image(metric: str, of: Pair) -> np.ndarray:
    result = evaluate(metric, of)
    assert isinstance(result, PerImage)
    return result.values


def interval(metric: str, of: Pair) -> tuple[float, float] | tuple[None, None]:
    result = evaluate(metric, of)
    assert isinstance(result, WholeSet)
    return result.interval

"""Measures of how latents answer to a transform: numbers with a floor, a ceiling and an interval (numpy only)."""

# imported in the order in which the measures are reported
from encaudit.metrics import displacement, neighbours, divergence, geometry, distribution, clusters  # noqa: F401, I001
from encaudit.metrics.measuring import Measured, measure
from encaudit.metrics.metric import METRICS, Metric

__all__ = ["METRICS", "Measured", "Metric", "measure"]

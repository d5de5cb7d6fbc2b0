"""Measures of how latents answer to a transform: numbers with a floor, a ceiling and an interval (numpy only)."""

from encaudit.metrics import clusters, displacement, distribution, divergence, geometry, neighbours
from encaudit.metrics.against_noise import measure_against_renoise
from encaudit.metrics.measuring import Measured, measure
from encaudit.metrics.metric import METRICS, Metric

__all__ = ["METRICS", "Measured", "Metric", "measure", "measure_against_renoise"]

# the order in which they are reported
for _family in (displacement, neighbours, divergence, geometry, distribution, clusters):
    for _item in vars(_family).values():
        if isinstance(_item, Metric):
            METRICS.add(_item.name, _item)

"""Measures of how latents answer to a transform: numbers with a floor, a ceiling and an interval (numpy only)."""

from encaudit.metrics import clusters, displacement, distribution, divergence, encoder_alone, geometry, neighbours
from encaudit.metrics.against_noise import measure_against_renoise
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.leakage import (
    Covariate,
    astigmatism_covariate,
    defocus_covariate,
    measure_leakage,
    pose_covariate,
)
from encaudit.metrics.measuring import Measured, measure
from encaudit.metrics.metric import EncoderMetric, Metric, PerDimension, PerImage, WholeSet, encoder_metric, metric
from encaudit.metrics.registered import ENCODER_METRICS, METRICS
from encaudit.results import Skipped

__all__ = [
    "ENCODER_METRICS",
    "METRICS",
    "Cloud",
    "Covariate",
    "EncoderMetric",
    "Measured",
    "Metric",
    "Pair",
    "PerDimension",
    "PerImage",
    "Skipped",
    "WholeSet",
    "astigmatism_covariate",
    "defocus_covariate",
    "encoder_metric",
    "measure",
    "measure_against_renoise",
    "measure_leakage",
    "metric",
    "pose_covariate",
]

# the order in which they are reported
for _family in (displacement, neighbours, divergence, geometry, distribution, clusters):
    for _item in vars(_family).values():
        if isinstance(_item, Metric):
            METRICS.add(_item.name, _item)

for _item in vars(encoder_alone).values():
    if isinstance(_item, EncoderMetric):
        ENCODER_METRICS.add(_item.name, _item)

"""The one streaming pass: each image is read once and encoded under every transform."""

from encaudit.probe.batch_size import images_at_once
from encaudit.probe.one_pass import encode_stack
from encaudit.probe.rounding import Rounding, rounding_of
from encaudit.probe.sample import NO_SAMPLE, Sample, sample_rows

__all__ = ["NO_SAMPLE", "Rounding", "Sample", "encode_stack", "images_at_once", "rounding_of", "sample_rows"]

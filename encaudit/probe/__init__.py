"""The one streaming pass: each image is read once and encoded under every transform."""

from encaudit.probe.one_pass import encode_stack
from encaudit.probe.sample import NO_SAMPLE, Sample, sample_rows

__all__ = ["NO_SAMPLE", "Sample", "encode_stack", "sample_rows"]

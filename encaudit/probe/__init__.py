"""The one streaming pass: each image is read once and encoded under every transform."""

from encaudit.probe.chunks import KeptChunks, divided, kept_in, take_up
from encaudit.probe.one_pass import encode_stack, images_a_batch
from encaudit.probe.ranks import ALONE, Ranks, joined
from encaudit.probe.sample import NO_SAMPLE, Sample, sample_rows

__all__ = [
    "ALONE",
    "NO_SAMPLE",
    "KeptChunks",
    "Ranks",
    "Sample",
    "divided",
    "encode_stack",
    "images_a_batch",
    "joined",
    "kept_in",
    "sample_rows",
    "take_up",
]

"""The one streaming pass: each image is read once and encoded under every transform."""

from encaudit.probe.batch_size import images_at_once
from encaudit.probe.chunks import KeptChunks, divided, kept_in, take_up
from encaudit.probe.collected import NO_LATENT
from encaudit.probe.one_pass import encode_stack
from encaudit.probe.ranks import ALONE, Ranks, joined
from encaudit.probe.rounding import Rounding, rounding_of
from encaudit.probe.sample import NO_SAMPLE, Sample, sample_rows

__all__ = [
    "ALONE",
    "NO_LATENT",
    "NO_SAMPLE",
    "KeptChunks",
    "Ranks",
    "Rounding",
    "Sample",
    "divided",
    "encode_stack",
    "images_at_once",
    "joined",
    "kept_in",
    "rounding_of",
    "sample_rows",
    "take_up",
]

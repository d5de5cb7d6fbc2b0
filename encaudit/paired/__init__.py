"""Two audits of the same images: differences image by image, with intervals (numpy alone, quick to import)."""

from encaudit.paired.difference import Difference, paired_difference, unpaired_difference
from encaudit.paired.particles import ENCODER_COLUMNS, GROUP, PARTICLES, Particles, as_written, read_particles
from encaudit.paired.quantities import PAIRED_METRICS

__all__ = [
    "ENCODER_COLUMNS",
    "GROUP",
    "PAIRED_METRICS",
    "PARTICLES",
    "Difference",
    "Particles",
    "as_written",
    "paired_difference",
    "read_particles",
    "unpaired_difference",
]

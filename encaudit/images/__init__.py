"""Images of every format as one kind of stack, and which of them cannot be used."""

from encaudit.images.centred import CentredStack
from encaudit.images.moments import stack_moments
from encaudit.images.noise_power import NoisePower, assumed_white, estimate_noise_power
from encaudit.images.opening import open_stack
from encaudit.images.stack import ImageStack
from encaudit.images.unusable import unusable

__all__ = [
    "CentredStack",
    "ImageStack",
    "NoisePower",
    "assumed_white",
    "estimate_noise_power",
    "open_stack",
    "stack_moments",
    "unusable",
]

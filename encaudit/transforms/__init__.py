"""Changes of the whole observation (image, translation, CTF, pose), each with a spec: ``roll1``, ``rot90:frame=array``.

Importing and parsing load no torch; applying does.
"""

from encaudit.transforms.chain import Chain, Split, join, split_chain
from encaudit.transforms.parsing import DEFAULT_SPECS, TRANSFORMS, canonical, parse_transform
from encaudit.transforms.spec import Deterministic, SpecTransform
from encaudit.transforms.twin import derangement

__all__ = [
    "DEFAULT_SPECS",
    "TRANSFORMS",
    "Chain",
    "Deterministic",
    "SpecTransform",
    "Split",
    "canonical",
    "derangement",
    "join",
    "parse_transform",
    "split_chain",
]

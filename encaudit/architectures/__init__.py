"""Audits of several encoders on the same images: which one is better, in what, and how surely (numpy; no torch)?"""

from encaudit.architectures.against_first import compare_audits
from encaudit.architectures.comparability import NamedAudit
from encaudit.architectures.deciding import LEAST, MOST_IMAGES
from encaudit.architectures.found import ArchitectureComparison, LeftOut, Pair, Row

__all__ = [
    "LEAST",
    "MOST_IMAGES",
    "ArchitectureComparison",
    "LeftOut",
    "NamedAudit",
    "Pair",
    "Row",
    "compare_audits",
]

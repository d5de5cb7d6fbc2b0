"""The eight ways in which a square image fits on itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Symmetry:
    """A symmetry of the square, about pixel D/2: mirrored left to right, then turned clockwise (row 0 on top)."""

    quarters: int
    mirrored: bool = False

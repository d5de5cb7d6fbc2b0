"""How much of a move does the encoder bear? Curves over its dose, and the worst of a grid of small ones (no torch)."""

from encaudit.dose.curve import DoseCurve, dose_curve
from encaudit.dose.specs import DOSES, doses_within, grid_specs
from encaudit.dose.worst_case import worst_case

__all__ = ["DOSES", "DoseCurve", "dose_curve", "doses_within", "grid_specs", "worst_case"]

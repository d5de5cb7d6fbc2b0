"""What the length of a line in a picture is worth."""

import numpy as np
from scipy.stats import spearmanr

from encaudit.results import Skipped


def fidelity(line_length: np.ndarray, displacement: np.ndarray) -> float | Skipped:
    """Return the Spearman correlation over ``k`` images of line length and displacement, or why there is none."""
    if not displacement.any():
        return Skipped("nothing moved")
    if len(displacement) < 3:
        return Skipped(f"a rank correlation needs 3 images, there are {len(displacement)}")
    if np.ptp(displacement) == 0 or np.ptp(line_length) == 0:
        return Skipped("all lines are equally long, or all displacements equally large: there is no order to compare")
    return float(spearmanr(line_length, displacement).statistic)

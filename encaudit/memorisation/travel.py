"""Did a table of latents learn anything, or is it where it was set down?"""

import numpy as np

from encaudit.memorisation.resampled import resampled
from encaudit.results import Summary


def table_travel(table: np.ndarray, start: np.ndarray, groups: np.ndarray | None, seed: int) -> Summary:
    """How far did the entries of a table travel in training, compared with how far apart they lie now?

    K = sqrt(mean |mu - mu_start|^2) / sqrt(mean |mu - centre|^2), over all n d entries; dimensionless.

    Zero: exactly as it was set down (a frozen table), and what it shows is its initialization. One: it came from a
    point. sqrt(2): it forgot where it started. A table that only shrank or shifted travels too.
    Interval: bootstrap over images or groups.

    Source: ours.
    """
    after, before = table.astype(np.float64), start.astype(np.float64)
    travelled = ((after - before) ** 2).sum(axis=1)
    if not travelled.any():
        return resampled(lambda _: 0.0, len(after), groups, seed)  # also where all entries are equal
    after = after - after.mean(axis=0)  # so that a far centre takes no digits from the spread
    squares = (after**2).sum(axis=1)

    def ratio(weight: np.ndarray) -> float:
        centre = weight @ after / weight.sum()
        spread = float(weight @ squares) / float(weight.sum()) - float(centre @ centre)
        return float(np.sqrt(float(weight @ travelled) / float(weight.sum()) / spread)) if spread > 0 else np.inf

    return resampled(ratio, len(after), groups, seed)

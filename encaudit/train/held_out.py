"""Which images are not trained on, so that their loss tells what was learned from what was memorized?"""

import numpy as np

from encaudit.draws import generator
from encaudit.errors import InputError


def held_out_positions(n: int, share: float, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Return about ``share`` of 0 .. n - 1, in rising order: whole groups (micrographs, ``n``) where these are known.

    Drawn by the seed; at least one image on either side, else InputError. A single group is split.
    """
    if share == 0:
        return np.array([], dtype=np.int64)
    wanted = max(1, round(share * n))
    if wanted >= n:
        raise InputError(f"--held-out {share:g} of {n} images leaves none to train on. Hold out less.")
    codes = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1].reshape(n)
    names = np.unique(codes)
    if len(names) == 1:
        codes, names = np.arange(n), np.arange(n)
    order = generator(seed, "held out").permutation(names)
    sizes = np.bincount(codes)[order]
    enough = int(np.searchsorted(sizes.cumsum(), wanted)) + 1
    chosen = order[: min(enough, len(names) - 1)]
    return np.flatnonzero(np.isin(codes, chosen))

"""Which images are not trained on, so that their loss tells what was learned from what was memorized?"""

import numpy as np

from encaudit.draws import generator
from encaudit.errors import InputError
from encaudit.transforms import derangement


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


def deranged_apart(n: int, held_out: np.ndarray, seed: int) -> np.ndarray:
    """Whose twin does each of 0 .. n - 1 get (``n``), so that no image that is trained on meets one that is not?

    ``derangement`` within the images trained on and within those held out: were it over all, most images held out would
    be shown to the encoder all the same, as twins. Raises InputError where a part is a single image.
    """
    if not len(held_out):
        return derangement(n, seed)
    partner = np.empty(n, dtype=np.int64)
    for rows in (np.setdiff1d(np.arange(n), held_out), held_out):
        if len(rows) < 2:
            raise InputError(
                f"--held-out leaves one image alone ({len(held_out)} held out of {n}), and a twin is exchanged with "
                "another image of its part. Hold out more or fewer, so that each part has two or more."
            )
        partner[rows] = rows[derangement(len(rows), seed)]
    return partner

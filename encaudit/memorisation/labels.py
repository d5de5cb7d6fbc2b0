"""Do the latents tell what is known of the images?"""

import numpy as np

from encaudit.results import Skipped, Summary
from encaudit.stats import share_interval, summarize_dataset

NEIGHBOURS = 10


def label_accuracy(mu: np.ndarray, labels: np.ndarray, groups: np.ndarray | None) -> Summary | Skipped:
    """How often do the nearest neighbours in the latent space name the label of an image?

    The share of images whose label is that of most of their 10 nearest other images (the smallest label at a tie).

    One: always. By chance: the share of the most frequent label, at best. Interval: Wilson's, over images or groups.
    Skipped for 10 images or fewer, and where all images share one latent or one label.

    Source: ours; scikit-learn's k-nearest-neighbours vote, without the image itself.
    """
    from sklearn.neighbors import NearestNeighbors

    if len(mu) <= NEIGHBOURS:
        return Skipped(f"{len(mu)} images are too few for {NEIGHBOURS} neighbours")
    if not np.ptp(mu, axis=0).any():
        return Skipped("all images have the same latent")
    names, codes = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        return Skipped("all images have the same label")
    # Among exact duplicates an image need not be its own nearest: it is taken out by its number, not its place.
    found = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(mu).kneighbors(mu, return_distance=False)
    own = found == np.arange(len(mu))[:, None]
    own[~own.any(axis=1), -1] = True
    votes = np.zeros((len(mu), len(names)))
    for column in np.arange(NEIGHBOURS + 1):
        rows = np.flatnonzero(~own[:, column])
        votes[rows, codes[found[rows, column]]] += 1
    hits = (votes.argmax(axis=1) == codes).astype(np.float64)
    return summarize_dataset(float(hits.mean()), share_interval(hits, groups), len(hits))

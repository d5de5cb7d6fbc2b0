"""A system's picture: its latents, coloured as figure 3 clusters the particles, and what it decodes at six of them."""

from dataclasses import dataclass

import numpy as np

from encaudit.comparing.runs import read_runs
from encaudit.embedding import embed
from encaudit.encoders import open_encoder
from encaudit.results import Encodings, Latents
from encaudit.study.figures import draw_system
from encaudit.study.place import Place
from encaudit.study.tasks import BASE, NULL, Row
from encaudit.types import BatchDecoder, Decoder

CLUSTERS = 6
MIDDLE = 0.6  # of the box; a particle fills no more


@dataclass(frozen=True)
class Clusters:
    """The cluster of each particle in figure 3 (``n``), and the particle nearest to each centre, as stack rows."""

    labels: np.ndarray
    centres: np.ndarray


def system_card(row: Row, place: Place) -> bytes:
    """Draw a system's latents (those of the twins, for twins) and volumes, and return the PNG."""
    place.watcher.stage(f"Drawing {row.key}")
    other = BASE if row.key != BASE else NULL
    runs = {run.name: run for run in read_runs((str(place.run(other)), str(place.run(row.key))))}
    base = runs[BASE].latents
    clusters = clusters_of(base, place.seed)
    latents = runs[row.key].latents
    labelled = np.searchsorted(latents.index, clusters.centres)
    layout = embed(Encodings(latents, {}), seed=place.seed, umap_n=place.scale.umap_n, moved_n=0, labelled=labelled)[0]
    volumes = _volumes(str(place.run(row.key)), latents.mu[labelled], place.device)
    return draw_system(layout, clusters.labels[layout.positions], volumes, latents.index[labelled])


def clusters_of(latents: Latents, seed: int) -> Clusters:
    """Return k-means clusters of latents, the largest first."""
    from sklearn.cluster import KMeans

    fit = KMeans(min(CLUSTERS, len(latents)), n_init=4, random_state=seed % 2**32).fit(latents.mu)
    order = np.argsort(-np.bincount(fit.labels_), kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    nearest = [int(np.linalg.norm(latents.mu - fit.cluster_centers_[one], axis=1).argmin()) for one in order]
    return Clusters(place[fit.labels_], latents.index[nearest])


def _volumes(run: str, z: np.ndarray, device: str) -> list[np.ndarray]:
    """Return projections along z, ``y x``, of the middle of the volumes at latents ``m d``."""
    decoder = open_encoder(run, device=device).encoder
    if isinstance(decoder, BatchDecoder):
        volumes = list(decoder.decode_volumes(z, None))
    else:
        assert isinstance(decoder, Decoder)
        volumes = [decoder.decode_volume(one, None) for one in z]
    edge = round(len(volumes[0]) * (1 - MIDDLE) / 2)
    return [np.asarray(volume[edge:-edge, edge:-edge, edge:-edge].mean(axis=0)) for volume in volumes]

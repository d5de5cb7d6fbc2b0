"""The pictures of figures 10 and 11: where the latents lie in the plane, and what that plane is worth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from encaudit.embedding.fidelity import fidelity
from encaudit.embedding.joint_umap import joint_umap
from encaudit.pairs import Neighbours
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents, Skipped

UMAP_LEAST_DISTINCT = 50

Projection = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Moved:
    """The moved copies of some images in one layout.

    - ``positions`` ``k``: which images, as positions in the reference.
    - ``start``, ``points`` ``k 2``: the image and its moved copy in the plane.
    - ``line_length`` ``k``: the distance between the two in the plane.
    - ``displacement`` ``k``: the distance between the two in the latent space, all dimensions.
    - ``fidelity``: Spearman correlation of the last two, or why there is none.
    - ``numbers``: the stack rows of the labelled ones among them, which come first.
    """

    positions: np.ndarray
    start: np.ndarray
    points: np.ndarray
    line_length: np.ndarray
    displacement: np.ndarray
    fidelity: float | Skipped
    numbers: np.ndarray


@dataclass(frozen=True)
class Layout:
    """The reference cloud and the moved copies in one plane.

    - ``method``: "umap", "pca" or "latent plane"; ``axes``: the names of its two axes.
    - ``positions`` ``m`` (sorted) and ``reference`` ``m 2``: the images drawn, and where.
    - ``labelled``: the positions that are numbered in the picture; ``numbers``: their stack rows.
    - ``moved``: by canonical spec; the labelled images come first in each.
    - ``notes``: sentences to print under the picture.
    """

    method: str
    axes: tuple[str, str]
    positions: np.ndarray
    reference: np.ndarray
    labelled: np.ndarray
    numbers: np.ndarray
    moved: dict[str, Moved]
    notes: tuple[str, ...] = ()

    @property
    def identity_line_length(self) -> float | None:
        """The longest line of the identity, which has to be exactly 0; None where the identity was not encoded."""
        return float(self.moved[IDENTITY].line_length.max()) if IDENTITY in self.moved else None


@dataclass(frozen=True)
class _Scene:
    """What is drawn: the latents of one space, which images, and which of those with their moved copies.

    ``copied`` are the positions that are drawn with a copy under each transform, ``moved`` the latents of these copies.
    """

    reference: Latents
    moved: dict[str, Latents]
    positions: np.ndarray
    labelled: np.ndarray
    copied: dict[str, np.ndarray]
    notes: tuple[str, ...]

    def layout(
        self,
        method: str,
        axes: tuple[str, str],
        cloud: np.ndarray,
        starts: dict[str, np.ndarray],
        copies: dict[str, np.ndarray],
        *notes: str,
    ) -> Layout:
        """Put the places that a method found together with what they mean."""
        lines = {spec: self._lines(spec, starts[spec], points) for spec, points in copies.items()}
        numbers = self.reference.index[self.labelled]
        return Layout(method, axes, self.positions, cloud, self.labelled, numbers, lines, (*self.notes, *notes))

    def _lines(self, spec: str, start: np.ndarray, points: np.ndarray) -> Moved:
        rows = self.copied[spec]
        delta = self.moved[spec].mu.astype(np.float64) - self.reference.mu[rows]
        displacement, line_length = np.linalg.norm(delta, axis=1), np.linalg.norm(points - start, axis=1)
        numbers = self.reference.index[rows[np.isin(rows, self.labelled)]]
        return Moved(rows, start, points, line_length, displacement, fidelity(line_length, displacement), numbers)


def embed(
    encodings: Encodings,
    *,
    seed: int,
    umap: bool = True,
    umap_n: int = 20_000,
    labelled: np.ndarray | None = None,
    moved_n: int = 2_000,
    neighbours: Neighbours | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> list[Layout]:
    """Where do the images and their moved copies lie in the plane?

    One latent dimension gives the latent of the image against the latent that is drawn, two give the latent plane
    itself; more give a UMAP, fitted jointly on the images and all their moved copies so that a line between the two
    shows the encoder and not two fits, and the PCA of all reference images, on which the copies are projected.
    At most ``umap_n`` images are drawn, always the ``labelled`` positions (default: the first ten), and the copies of
    the labelled and of ``moved_n`` further ones; the choice and the UMAP follow from ``seed``.

    Latents of an untrained encoder lie in another space and are left out; too few images, or ``umap=False``, leave out
    the UMAP. The notes of the layouts say so.

    ``neighbours``: those of reference images among all of them, as the measures have found them. The UMAP's graph is
    then that graph, completed by what is not in it: the copies, and the images that were not asked. Where only a sample
    of the images is drawn, their neighbours in it are others, and the graph is searched for anew.

    Source: Edelberg & Lederman 2025, figures 10 and 11; McInnes, Healy & Melville 2018 for UMAP.
    """
    if labelled is None:
        labelled = np.arange(min(10, len(encodings.reference)))
    scene = _scene(encodings, np.asarray(labelled), umap_n, moved_n, seed)
    dimensions = encodings.reference.mu.shape[1]
    if dimensions == 1:
        return [_latent_line(scene)]
    if dimensions == 2:
        return [_projected(scene, "latent plane", ("z1", "z2"), lambda mu: mu.astype(np.float64))]

    project, axes = _principal_plane(encodings.reference.mu)
    no_umap = _why_no_umap(scene) if umap else "UMAP: not asked for."
    if no_umap is not None:
        return [_projected(scene, "pca", axes, project, no_umap)]
    if on_progress:
        copies = sum(len(rows) for rows in scene.copied.values())
        on_progress(f"UMAP of {len(scene.positions)} images and {copies} copies")
    return [_umap(scene, seed, neighbours), _projected(scene, "pca", axes, project)]


def _scene(encodings: Encodings, labelled: np.ndarray, most: int, with_copies: int, seed: int) -> _Scene:
    """Draw so that a smaller sample is always part of a larger one, and copies never start outside the cloud."""
    n = len(encodings.reference)
    others = np.setdiff1d(np.arange(n), labelled)
    order = np.concatenate([labelled, np.random.default_rng(seed).permutation(others)]).astype(np.int64)
    first = order[: len(labelled) + with_copies]
    positions = np.sort(order[: max(most, len(first))])

    elsewhere = [spec for spec in encodings.moved if spec == UNTRAINED or spec.startswith(UNTRAINED + "+")]
    copied, moved = {}, {}
    for spec, latents in encodings.moved.items():
        if spec not in elsewhere:
            rows = encodings.rows(spec)
            copied[spec] = first[np.isin(first, rows)]
            moved[spec] = latents.take(np.searchsorted(rows, copied[spec]))
    notes = []
    if len(positions) < n:
        notes.append(f"A seeded sample of {len(positions)} of {n} images is drawn.")
    if elsewhere:
        notes.append(f"Not drawn, as an untrained encoder has a latent space of its own: {', '.join(elsewhere)}.")
    return _Scene(encodings.reference, moved, positions, labelled, copied, tuple(notes))


def _why_no_umap(scene: _Scene) -> str | None:
    distinct = len(np.unique(scene.reference.mu[scene.positions], axis=0))
    if distinct >= UMAP_LEAST_DISTINCT:
        return None
    return f"UMAP: skipped, it needs {UMAP_LEAST_DISTINCT} distinct latents and there are {distinct}."


def _umap(scene: _Scene, seed: int, neighbours: Neighbours | None) -> Layout:
    clouds = [scene.reference.mu[scene.positions], *(latents.mu for latents in scene.moved.values())]
    whole = len(scene.positions) == len(scene.reference)
    cloud, *copies = joint_umap(clouds, seed, neighbours if whole else None)
    starts = {spec: cloud[np.searchsorted(scene.positions, rows)] for spec, rows in scene.copied.items()}
    return scene.layout("umap", ("UMAP 1", "UMAP 2"), cloud, starts, dict(zip(scene.moved, copies, strict=True)))


def _projected(scene: _Scene, method: str, axes: tuple[str, str], project: Projection, *notes: str) -> Layout:
    copies = {spec: project(latents.mu) for spec, latents in scene.moved.items()}
    starts = {spec: project(scene.reference.mu[rows]) for spec, rows in scene.copied.items()}
    cloud = project(scene.reference.mu[scene.positions])
    return scene.layout(method, axes, cloud, starts, copies, *notes)


def _principal_plane(mu: np.ndarray) -> tuple[Projection, tuple[str, str]]:
    centre = mu.mean(axis=0, dtype=np.float64)
    variance, directions = np.linalg.eigh(np.cov(mu, rowvar=False, bias=True, dtype=np.float64))
    plane = directions[:, ::-1][:, :2]
    # An eigenvector's sign is arbitrary; its largest entry is made positive, so that two runs draw the same picture.
    plane = plane * np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
    total = float(variance.sum())
    share = variance[::-1][:2] / total if total > 0 else np.zeros(2)
    first, second = (f"PC{k + 1} ({100 * share[k]:.0f} % of the variance)" for k in range(2))
    return lambda points: (points - centre) @ plane, (first, second)


def _latent_line(scene: _Scene) -> Layout:
    """Draw one dimension as a plane: the latent of the image, against the latent that is drawn for it."""
    own = {spec: scene.reference.mu[rows, 0].astype(np.float64) for spec, rows in scene.copied.items()}
    copies = {spec: np.stack([own[spec], latents.mu[:, 0]], axis=1) for spec, latents in scene.moved.items()}
    starts = {spec: np.stack([mu, mu], axis=1) for spec, mu in own.items()}
    cloud = np.repeat(scene.reference.mu[scene.positions].astype(np.float64), 2, axis=1)
    axes = ("z of the image", "z of the image, and of its moved copy")
    note = "One latent dimension: images lie on the diagonal, their copies straight above or below them."
    return scene.layout("latent plane", axes, cloud, starts, copies, note)

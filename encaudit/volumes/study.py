"""Volumes at the latents of images and of their moved copies, compared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encaudit.results import IDENTITY, UNTRAINED, Encodings, Measurement, Skipped, Summary
from encaudit.stats import summarize_images
from encaudit.volumes.decoded import DecodedVolumes
from encaudit.volumes.likeness import Likeness, likeness

if TYPE_CHECKING:
    from encaudit.types import Decoder

RANDOM_PARTICLES = 12


@dataclass(frozen=True)
class Comparison:
    """The volume of one particle, and the volume of its moved copy.

    ``index`` is its stack row; ``labelled`` says whether it was chosen by its place in the stack, and not because it
    moved most; ``slices`` are the central sections ``y x`` of the two volumes.
    """

    index: int
    labelled: bool
    displacement: float
    z: np.ndarray
    z_moved: np.ndarray
    slices: tuple[np.ndarray, np.ndarray]
    likeness: Likeness


@dataclass(frozen=True)
class VolumeStudy:
    """Volumes before and after each transform, against the same volume decoded again and against random pairs.

    ``frequency`` is in cycles per voxel, ``voxel_angstrom`` None where the pixel size is unknown.
    """

    voxel_angstrom: float | None
    comparisons: dict[str, list[Comparison]]
    again: Likeness
    random_pairs: list[Likeness]
    notes: tuple[str, ...]
    decoded: DecodedVolumes

    @property
    def frequency(self) -> np.ndarray:
        """Where the entries of a Fourier shell correlation lie, in cycles per voxel."""
        return np.arange(len(self.again.fsc)) / self.decoded.box

    @property
    def measurements(self) -> list[Measurement]:
        """Does the transform change the volume that the decoder draws from the latent?

        ``volume_cc``, ``volume_fsc_auc`` and ``volume_distance`` (see Likeness; dimensionless), over the labelled
        particles only, because those that moved most were chosen for it. Floor: the same latent decoded twice. Ceiling:
        the median over random pairs of particles. No interval below 20 particles.

        Source: ours; cryoDRGN's Fourier shell correlation.
        """
        return [
            Measurement(f"volume_{name}", 1, spec, "1", _summary(chosen, name), *self._between(name))
            for spec, compared in self.comparisons.items()
            for chosen in [[one.likeness for one in compared if one.labelled]]
            for name in ("cc", "fsc_auc", "distance")
        ]

    def _between(self, name: str) -> tuple[float, float | None]:
        others = [getattr(pair, name) for pair in self.random_pairs]
        return getattr(self.again, name), float(np.median(others)) if others else None


def compare_volumes(
    decoder: "Decoder",
    encodings: Encodings,
    *,
    labelled: int = 6,
    most_moved: int = 3,
    box: int | None = None,
    apix: float | None = None,
    image_size: int | None = None,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> VolumeStudy:
    """Does the decoder draw another volume from the latent of the moved image?

    For each transform, the volumes of the first ``labelled`` particles and of the ``most_moved`` that this transform
    moves furthest are decoded at mu and at mu', at ``box`` (default: full size), and compared; so are seeded random
    pairs of particles, which are no copies of each other. Latents of an untrained encoder have no decoder.
    ``apix`` is the pixel size of the images, in angstrom, and ``image_size`` their box (default: found by decoding one
    volume at full size where ``box`` is given). ``on_progress`` is told (volumes decoded, volumes to decode).

    Raises InputError when the decoder returns something other than a cube of finite, varying density.
    """
    reference = encodings.reference
    chosen = _choose(encodings, labelled, most_moved)
    ring = np.random.default_rng(seed).permutation(len(reference))[:RANDOM_PARTICLES]
    wanted = {reference.mu[row].tobytes(): reference.mu[row] for row in ring}
    for spec, rows in chosen.items():
        places = np.searchsorted(encodings.rows(spec), rows)
        wanted |= {z.tobytes(): z for z in (*reference.mu[rows], *encodings.moved[spec].mu[places])}
    decoded = DecodedVolumes(decoder, box, lambda done: on_progress(done, len(wanted)) if on_progress else None)
    decoded.prepare(np.stack([*wanted.values()]))

    again = likeness(decoded.of(reference.mu[ring[0]]), decoded.fresh(reference.mu[ring[0]]))
    neighbours = list(zip(ring, np.roll(ring, -1), strict=True))[: 0 if len(ring) == 1 else None]
    pairs = [likeness(decoded.of(reference.mu[one]), decoded.of(reference.mu[other])) for one, other in neighbours]
    compared = {
        spec: [_compare(decoded, encodings, spec, row, row < labelled) for row in rows] for spec, rows in chosen.items()
    }
    if box is not None and apix is not None:
        size = image_size or np.shape(decoder.decode_volume(reference.mu[0], None))[0]
        apix = apix * size / decoded.box
    return VolumeStudy(apix, compared, again, pairs, _notes(encodings, labelled), decoded)


def _choose(encodings: Encodings, labelled: int, most_moved: int) -> dict[str, list[int]]:
    """Return the positions to decode under each transform: the first ones, then those that moved most, each once."""
    chosen = {}
    for spec in encodings.moved:
        if spec != IDENTITY and not _of_another_encoder(spec):
            rows = encodings.rows(spec)
            furthest = rows[np.argsort(-_displacement(encodings, spec), kind="stable")[:most_moved]]
            first = rows[rows < labelled]
            chosen[spec] = list(dict.fromkeys([*map(int, first), *map(int, furthest)]))
    return chosen


def _of_another_encoder(spec: str) -> bool:
    return spec == UNTRAINED or spec.startswith(UNTRAINED + "+")


def _displacement(encodings: Encodings, spec: str) -> np.ndarray:
    delta = encodings.moved[spec].mu.astype(np.float64) - encodings.reference.mu[encodings.rows(spec)]
    return np.asarray(np.linalg.norm(delta, axis=1))


def _compare(decoded: DecodedVolumes, encodings: Encodings, spec: str, row: int, labelled: bool) -> Comparison:
    place = np.searchsorted(encodings.rows(spec), row)
    z, z_moved = encodings.reference.mu[row], encodings.moved[spec].mu[place]
    before, after = decoded.of(z), decoded.of(z_moved)
    return Comparison(
        index=int(encodings.reference.index[row]),
        labelled=labelled,
        displacement=float(np.linalg.norm(z_moved.astype(np.float64) - z)),
        z=z,
        z_moved=z_moved,
        slices=(np.array(before[decoded.box // 2]), np.array(after[decoded.box // 2])),
        likeness=likeness(before, after),
    )


def _notes(encodings: Encodings, labelled: int) -> tuple[str, ...]:
    few = min(labelled, len(encodings.reference))
    notes = [f"The volume measures cover only the first {few} particles; those that moved most are shown beside them."]
    elsewhere = [spec for spec in encodings.moved if _of_another_encoder(spec)]
    if elsewhere:
        notes.append(f"The decoder cannot read the latents of an untrained encoder: {', '.join(elsewhere)}.")
    return tuple(notes)


def _summary(chosen: list[Likeness], name: str) -> Summary | Skipped:
    if not chosen:
        return Skipped("no labelled particle was decoded")
    return summarize_images(np.array([getattr(one, name) for one in chosen]), None)

"""Latents as they come, batch by batch, which images have none, and all chunks of them together."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images.unusable import spread, unusable
from encaudit.results import IDENTITY, UNTRAINED, Latents
from encaudit.types import ImageBatch, Posterior

Key = tuple[str, bool]  # of one encoding: the per-image transform, and whether by the untrained encoder
REFERENCE: Key = ("reference", False)
CONTRAST = "contrast"
LEFT_OUT, WHY = "left-out/index", "left-out/reason"
NO_LATENT = "the encoder's latent is not finite"  # how the reason starts where the image is not at fault

# What one chunk gave. For each encoding that covers any of its images KEY/mu, KEY/index and, where there is one,
# KEY/logvar; the contrast of those of the reference; and which images were left out, and why.
Arrays = dict[str, np.ndarray]


class Collected:
    """What a chunk gives, batch by batch."""

    def __init__(self) -> None:
        self._parts: dict[str, list[np.ndarray]] = {}
        self._left_out: dict[int, str] = {}

    def leave_out_unusable(self, batch: ImageBatch) -> tuple[ImageBatch, Tensor]:
        """Return the batch without images that no encoder can say anything of, and the contrast of the others.

        It is remembered why they are left out.
        """
        contrast = spread(batch.images)
        bad = dict(unusable(batch.images, contrast))
        if not bad:
            return batch, contrast
        self._left_out |= {int(batch.index[position]): reason for position, reason in bad.items()}
        keep = torch.tensor([position for position in range(len(batch)) if position not in bad], dtype=torch.long)
        return batch.select(keep), contrast[keep]

    def add(self, batch: ImageBatch, contrast: Tensor, found: dict[Key, tuple[np.ndarray, Posterior]]) -> None:
        """Take the posteriors of a batch; each is that of some of its positions."""
        index = batch.index.cpu().numpy()
        self._take(CONTRAST, contrast.cpu().numpy())
        for key, (rows, posterior) in found.items():
            self._take(f"{_spelled(key)}/mu", posterior.mu.float().cpu().numpy())
            self._take(f"{_spelled(key)}/index", index[rows])
            if posterior.logvar is not None:
                self._take(f"{_spelled(key)}/logvar", posterior.logvar.float().cpu().numpy())

    def _take(self, name: str, values: np.ndarray) -> None:
        self._parts.setdefault(name, []).append(values)

    def arrays(self) -> Arrays:
        """Return what the chunk gave."""
        arrays = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        left_out = {
            LEFT_OUT: np.array(list(self._left_out), np.int64),
            WHY: np.array(list(self._left_out.values()), np.str_),
        }
        return arrays | left_out


def reference_of(arrays: Arrays) -> Latents:
    """Return the latents of a chunk's images as they are."""
    return _joined(_spelled(REFERENCE), [dict(arrays)]) or Latents(np.empty((0, 1)), None, np.empty(0, np.int64))


def is_whole(arrays: Arrays, rows: np.ndarray) -> bool:
    """Whether these arrays speak of all of these stack rows, and of each as much as of any other."""
    if not {LEFT_OUT, WHY} <= arrays.keys() or len(arrays[LEFT_OUT]) != len(arrays[WHY]):
        return False
    encoded = arrays.get(f"{_spelled(REFERENCE)}/index", np.empty(0, np.int64))
    lengths = {
        name: len(arrays.get(f"{name.rpartition('/')[0]}/index", encoded))  # the contrast has no index of its own
        for name in arrays
        if name not in (LEFT_OUT, WHY)
    }
    return all(len(arrays[name]) == length for name, length in lengths.items()) and np.array_equal(
        rows[~np.isin(rows, arrays[LEFT_OUT])], encoded
    )


def join(keys: Iterable[Key], chunks: Sequence[Arrays]) -> tuple[dict[Key, Latents], dict[int, str], np.ndarray]:
    """Return all latents, the images without (stack row -> reason), which are in none of them, and the contrast.

    The contrast is the standard deviation of the pixels of each image of the reference. Takes the arrays out of the
    chunks, so that memory holds them little more than once. Raises InputError when no image is left.
    """
    left_out = {
        int(row): str(reason)
        for chunk in chunks
        for row, reason in zip(chunk.pop(LEFT_OUT), chunk.pop(WHY), strict=True)
    }
    if not any(CONTRAST in chunk for chunk in chunks):
        raise InputError(
            f"No usable image: all {len(left_out)} were left out "
            f"(the first, number {min(left_out)}: {left_out[min(left_out)]})."
        )
    found = {key: _joined(_spelled(key), chunks) for key in keys}
    reference = found[REFERENCE]
    assert reference is not None
    latents = {  # none for a sample that holds none of the usable images
        key: reference.take(np.empty(0, np.int64)) if latent is None else latent for key, latent in found.items()
    }
    contrast = _concatenated(CONTRAST, chunks).astype(np.float64)
    bad: set[int] = set()
    for (spec, untrained), latent in latents.items():
        good = np.isfinite(latent.mu).all(axis=1)
        if latent.logvar is not None:
            good &= np.isfinite(latent.logvar).all(axis=1)
        for row in map(int, latent.index[~good]):
            if row not in bad:
                left_out[row] = f"{NO_LATENT}{' with untrained weights' * untrained}{_under(spec)}"
            bad.add(row)
    if len(bad) == len(reference):
        raise InputError(
            f"The encoder returned no finite latent for any of {len(reference)} images: "
            f"{left_out[int(reference.index[0])]}. "
            "Check the weights, the norm in the config and the CTF parameters."
        )
    if bad:
        keep = {key: np.flatnonzero(~np.isin(latent.index, list(bad))) for key, latent in latents.items()}
        contrast = contrast[keep[REFERENCE]]
        latents = {key: latent.take(keep[key]) for key, latent in latents.items()}
    return latents, dict(sorted(left_out.items())), contrast


def _joined(name: str, chunks: Sequence[Arrays]) -> Latents | None:
    if not any(f"{name}/mu" in chunk for chunk in chunks):
        return None
    has_logvar = any(f"{name}/logvar" in chunk for chunk in chunks)
    return Latents(
        _concatenated(f"{name}/mu", chunks),
        _concatenated(f"{name}/logvar", chunks) if has_logvar else None,
        _concatenated(f"{name}/index", chunks),
    )


def _concatenated(name: str, chunks: Sequence[Arrays]) -> np.ndarray:
    return np.concatenate([chunk.pop(name) for chunk in chunks if name in chunk])


def _spelled(key: Key) -> str:
    spec, untrained = key
    return f"{UNTRAINED}+{spec}" if untrained else spec


def _under(spec: str) -> str:
    return "" if spec in (REFERENCE[0], IDENTITY) else f" under {spec}"

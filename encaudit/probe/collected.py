"""Latents as they come, batch by batch, and which images have none."""

from collections.abc import Iterable

import numpy as np
import torch

from encaudit.errors import InputError
from encaudit.images import unusable
from encaudit.results import IDENTITY, Latents
from encaudit.types import ImageBatch, Posterior

Key = tuple[str, bool]  # of one encoding: the per-image transform, and whether by the untrained encoder
REFERENCE: Key = ("reference", False)


class Collected:
    """Latents as they come, batch by batch."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._parts: dict[Key, list[Latents]] = {key: [] for key in keys}
        self._left_out: dict[int, str] = {}
        self._contrast: dict[int, float] = {}

    @property
    def batches(self) -> int:
        """How many batches there were."""
        return len(self._parts[REFERENCE])

    def leave_out_unusable(self, batch: ImageBatch) -> ImageBatch:
        """Return the batch without images that no encoder can say anything of, and remember why."""
        bad = dict(unusable(batch.images))
        if not bad:
            return batch
        self._left_out |= {int(batch.index[position]): reason for position, reason in bad.items()}
        keep = [position for position in range(len(batch)) if position not in bad]
        return batch.select(torch.tensor(keep, dtype=torch.long))

    def add(self, batch: ImageBatch, found: dict[Key, tuple[np.ndarray, Posterior]]) -> None:
        """Take the posteriors of a batch; each is that of some of its positions."""
        index = batch.index.cpu().numpy()
        pixels = batch.images.flatten(1)
        # a norm of what is centred: several times faster than torch's std, and as exact
        spread = torch.linalg.vector_norm(pixels - pixels.mean(dim=1, keepdim=True), dim=1) / pixels.shape[1] ** 0.5
        self._contrast |= dict(zip(index.tolist(), spread.tolist(), strict=True))
        for key, (rows, posterior) in found.items():
            logvar = None if posterior.logvar is None else posterior.logvar.float().cpu().numpy()
            self._parts[key].append(Latents(posterior.mu.float().cpu().numpy(), logvar, index[rows]))

    def contrast(self, index: np.ndarray) -> np.ndarray:
        """Return the standard deviation of the pixels of these stack rows."""
        return np.array([self._contrast[row] for row in index.tolist()])

    def finish(self) -> tuple[dict[Key, Latents], dict[int, str]]:
        """Return all latents, and the images without (stack row -> reason), which are in none of them.

        Raises InputError when no image is left.
        """
        if not self.batches:
            raise InputError(
                f"No usable image: all {len(self._left_out)} were left out "
                f"(the first, number {min(self._left_out)}: {self._left_out[min(self._left_out)]})."
            )
        latents = {key: _joined(parts) for key, parts in self._parts.items() if parts}
        reference = latents[REFERENCE].index
        bad: set[int] = set()
        for (spec, _), latent in latents.items():
            good = np.isfinite(latent.mu).all(axis=1)
            if latent.logvar is not None:
                good &= np.isfinite(latent.logvar).all(axis=1)
            for row in map(int, latent.index[~good]):
                if row not in bad:
                    self._left_out[row] = f"the encoder's latent is not finite{_under(spec)}"
                bad.add(row)
        if len(bad) == len(reference):
            raise InputError(
                f"The encoder returned no finite latent for any of {len(reference)} images: "
                f"{self._left_out[int(reference[0])]}. "
                "Check the weights, the norm in the config and the CTF parameters."
            )
        if bad:
            latents = {
                key: latent.take(np.flatnonzero(~np.isin(latent.index, list(bad)))) for key, latent in latents.items()
            }
        for key in self._parts.keys() - latents.keys():  # a sample that holds none of the usable images
            latents[key] = latents[REFERENCE].take(np.empty(0, np.int64))
        return latents, dict(sorted(self._left_out.items()))


def _joined(parts: list[Latents]) -> Latents:
    logvars = [part.logvar for part in parts if part.logvar is not None]
    return Latents(
        np.concatenate([part.mu for part in parts]),
        np.concatenate(logvars) if logvars else None,
        np.concatenate([part.index for part in parts]),
    )


def _under(spec: str) -> str:
    return "" if spec in (REFERENCE[0], IDENTITY) else f" under {spec}"

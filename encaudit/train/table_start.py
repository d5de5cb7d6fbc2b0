"""Where a lookup table starts: drawn at random, at zero, or at the latents that another network gave the images."""

from pathlib import Path

import numpy as np
import torch

from encaudit import stats
from encaudit.draws import normal
from encaudit.encoders import open_encoder
from encaudit.encoders.table import TABLE
from encaudit.errors import InputError
from encaudit.hashing import sha256_of
from encaudit.pickles import load_plain
from encaudit.probe import encode_stack
from encaudit.train.run_folder import RECORD, read_record, rows_of_run
from encaudit.types import Posterior, Stack
from encaudit.unreadable import reading

# Mean and standard deviation of mu and of logvar in the paper's baseline, which its random tables imitate.
PAPER_MOMENTS = (-0.05, 1.494, -5.47, 0.715)
ZERO_LOGVAR = -8.0  # the paper's
TABLES = ("pretrained", "permuted")
EXPECTED = "random, random:MU_MEAN,MU_STD,LOGVAR_MEAN,LOGVAR_STD, zero, pretrained:CKPT or permuted:CKPT"


def table_start(
    init: str, moments_from: str | None, stack: Stack, latent_dim: int, seed: int, device: str
) -> Posterior:
    """Return mu and logvar of all images, ``n d`` each, as ``--init`` and ``--moments-from`` say.

    - ``random``: normal draws keyed by (seed, image), of the paper's moments, of those given, or of ``moments_from``.
    - ``zero``: mu 0 and logvar -8.
    - ``pretrained:CKPT``: what the encoder (or table) of a checkpoint says of the images, or a z.N.pkl of them.
    - ``permuted:CKPT``: the same, each row at another image's place.

    Raises InputError for anything else, and for latents of other images or another dimension.
    """
    kind, _, argument = init.partition(":")
    if moments_from is not None and init != "random":
        raise InputError(f"--moments-from goes with --init random, and --init is {init}. Leave one of them out.")
    if init == "zero":
        shape = len(stack.index), latent_dim
        return Posterior(torch.zeros(shape), torch.full(shape, ZERO_LOGVAR))
    if kind == "random":
        moments = _moments(argument) if moments_from is None else _moments_of(latents_of(moments_from, stack, device))
        return _drawn(moments, stack.index, latent_dim, seed)
    if kind not in TABLES or not argument:
        raise InputError(f"--init {init}: expected {EXPECTED}.")
    mu, logvar = latents_of(argument, stack, device)
    if mu.shape[1] != latent_dim:
        raise InputError(
            f"--init {init}: its latents have {mu.shape[1]} dimensions, and the run has {latent_dim}. "
            f"Train with --zdim {mu.shape[1]}."
        )
    order = stats.derangement(len(mu), seed, "permuted table") if kind == "permuted" else np.arange(len(mu))
    return Posterior(torch.from_numpy(mu[order]), torch.from_numpy(logvar[order]))


def latents_of(name: str, stack: Stack, device: str) -> tuple[np.ndarray, np.ndarray]:
    """Return mu and logvar, ``n d`` float32 each, that a checkpoint gives the images, or that a z.N.pkl has of them."""
    saved: list[np.ndarray | None] | None = _saved(Path(name))
    if saved is not None:
        saved = _of_these_images(Path(name), saved, stack)
    else:
        opened = open_encoder(name, device=device)
        if opened.kind == TABLE and opened.checkpoint is not None:
            _refuse_of_other_images(opened.checkpoint, stack)
        encodings = encode_stack(opened.encoder, stack, (), seed=0)
        assert encodings is not None  # as this process encodes alone
        if encodings.left_out:
            raise InputError(
                f"{name}: {len(encodings.left_out)} images cannot be encoded (row "
                f"{next(iter(encodings.left_out))}: they are not finite or of one value). Leave them out with --ind."
            )
        saved = [encodings.reference.mu, encodings.reference.logvar]
    if len(saved) < 2 or saved[1] is None:
        raise InputError(f"{name} has latents without logvar, and a table needs both. Name another checkpoint.")
    mu, logvar = (np.ascontiguousarray(part, dtype=np.float32) for part in saved[:2])
    n = len(stack.index)
    if mu.ndim != 2 or mu.shape != logvar.shape or len(mu) != n:
        raise InputError(
            f"{name} is a table of shape {mu.shape} (logvar {logvar.shape}), and the run has {n} images. Choose the "
            "images of the table with --ind or --n, or name the run that it is of: of a folder, rows are known."
        )
    if not (np.isfinite(mu).all() and np.isfinite(logvar).all()):
        raise InputError(f"{name} has latents that are not finite numbers. Name another checkpoint.")
    return mu, logvar


def _of_these_images(path: Path, saved: list[np.ndarray | None], stack: Stack) -> list[np.ndarray | None]:
    """Return the saved rows of the stack's images where the folder around them tells which rows they are, else all."""
    _refuse_of_other_images(path, stack)
    index = rows_of_run(path.parent)
    if index is None or any(one is not None and len(one) != len(index) for one in saved):
        return saved
    order = np.argsort(index)
    place = np.minimum(np.searchsorted(index[order], stack.index), len(index) - 1)
    lacking = stack.index[index[order][place] != stack.index]
    if len(lacking):
        raise InputError(
            f"{path} has no latents of {len(lacking)} of the {len(stack.index)} images (the first is stack row "
            f"{lacking[0]}): its run was on others, as the files beside it say. Choose its images with --ind or "
            "--n, or name a run on all of them."
        )
    return [None if one is None else one[order[place]] for one in saved]


def _refuse_of_other_images(checkpoint: Path, stack: Stack) -> None:
    """Tables know images by their row alone, so that any stack would do: ask the record of their run whose they are."""
    if not (checkpoint.parent / RECORD).is_file():
        return
    images = read_record(checkpoint.parent).files.get("images") or {}
    if images.get("sha256") not in (None, sha256_of(stack.files)):
        raise InputError(
            f"{checkpoint} is of the images in {images.get('path')}, and this run has others (their SHA-256 "
            "differ). Latents say nothing of images that are not their own: name a run on these, or an encoder."
        )


def _saved(path: Path) -> list[np.ndarray | None] | None:
    """Return the arrays of a z.N.pkl; None for anything else."""
    with reading(path):
        if not path.is_file() or path.suffix != ".pkl":
            return None
    try:
        found = load_plain(path)
    except InputError:  # a checkpoint is no plain pickle
        return None
    return found if all(isinstance(one, np.ndarray) and one.dtype.kind == "f" for one in found) else None


def _moments(text: str) -> tuple[float, ...]:
    if not text:
        return PAPER_MOMENTS
    try:
        moments = tuple(float(part) for part in text.split(","))
        usable = len(moments) == 4 and np.isfinite(moments).all() and moments[1] >= 0 and moments[3] >= 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"--init random:{text}: expected random:MU_MEAN,MU_STD,LOGVAR_MEAN,LOGVAR_STD, four numbers.")
    return moments


def _moments_of(latents: tuple[np.ndarray, np.ndarray]) -> tuple[float, ...]:
    mu, logvar = latents
    return float(mu.mean()), float(mu.std()), float(logvar.mean()), float(logvar.std())


def _drawn(moments: tuple[float, ...], index: np.ndarray, latent_dim: int, seed: int) -> Posterior:
    drawn = normal(torch.from_numpy(index), (2, latent_dim), seed, "table")
    mu_mean, mu_std, logvar_mean, logvar_std = moments
    return Posterior(mu_mean + mu_std * drawn[:, 0], logvar_mean + logvar_std * drawn[:, 1])

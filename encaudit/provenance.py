"""What exactly was run, on what, with which versions: enough to run it again and to know that it is the same."""

import platform
import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from encaudit import __version__
from encaudit.encoders import OpenedCryodrgn, OpenedEncoder
from encaudit.encoders.training_data import TrainingData
from encaudit.hashing import sha256_of, sha256_of_array
from encaudit.types import Stack

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "umap-learn", "cryodrgn")


def describe_run(
    command: Sequence[str] | str, *, seed: int, device: str, precision: str, transforms: Sequence[str]
) -> dict[str, Any]:
    """Return what was asked for, and with which software; ``command``: words behind encaudit, or a call in Python."""
    return {
        "encaudit": __version__,
        "command": command if isinstance(command, str) else shlex.join(["encaudit", *command]),
        "seed": seed,
        "device": device,
        "precision": precision,
        "transforms": list(transforms),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | versions(),
    }


def versions() -> dict[str, str | None]:
    """Return the versions of what the numbers depend on; None for what is not installed."""
    return {name: _version(name) for name in PACKAGES}


def describe_encoder(opened: OpenedEncoder, name: str) -> dict[str, Any]:
    """Return which checkpoint it was, down to the bytes."""
    found: dict[str, Any] = {"path": str(opened.checkpoint or name), "kind": opened.kind}
    found["latent_dim"] = opened.encoder.latent_dim
    if opened.checkpoint is not None:
        found["sha256"] = sha256_of([opened.checkpoint])
    if isinstance(opened, OpenedCryodrgn):
        found["config"] = {"path": str(opened.config_path), "sha256": sha256_of([opened.config_path])}
        found["norm"] = list(opened.config.dataset_args.norm)
    return found


def describe_file(name: str) -> dict[str, Any]:
    """Return which file it was, down to the bytes; a module, or a folder, by its name alone."""
    path = Path(name)
    return {"path": name} | ({"sha256": sha256_of([path])} if path.is_file() else {})


def describe_images(
    stack: Stack,
    data: TrainingData,
    on_progress: Callable[[int, int], None] | None = None,
    given: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return which images they were, down to the bytes, and what came with them.

    Those ``given`` as an array in memory have the fingerprint of the .npy file that they would be.
    """
    files = stack.files
    found: dict[str, Any] = {
        "path": data.particles,
        "sha256": sha256_of(files, progress=_counting(files, on_progress)) if given is None else sha256_of_array(given),
        "files": len(files),
        "n": len(stack.index),
        "shape": list(stack.image_shape),
        "apix": stack.apix,
    }
    for name, path in (("poses", data.poses), ("ctf", data.ctf), ("ind", data.ind)):
        found[name] = None if path is None else {"path": path, "sha256": sha256_of([Path(path)])}
    return found


def _counting(files: Sequence[str], on_progress: Callable[[int, int], None] | None) -> Callable[[int], None] | None:
    """Turn bytes since the last call into (bytes done, bytes in all)."""
    if on_progress is None:
        return None
    total, done = sum(Path(file).stat().st_size for file in files), 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, total)

    return count


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

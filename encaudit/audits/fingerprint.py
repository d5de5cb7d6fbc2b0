"""What do the latents of a run depend on? The same facts, the same latents.

Ranks have to share them, and so has a run with the one that it resumes. Each is named as its user knows it, and is a
word, or the beginning of a hash.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from encaudit import __version__, provenance
from encaudit.audits.controls import Plan
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions
from encaudit.encoders import OpenedCryodrgn, OpenedEncoder
from encaudit.encoders.recognize import MODULE_PREFIX
from encaudit.encoders.their_module import file_of
from encaudit.hashing import sha256_of
from encaudit.transforms import canonical
from encaudit.types import Stack

GLIMPSED = 64  # images
SHOWN = 16  # hexadecimal digits of a hash: enough for what nobody forges


def facts_of(options: AuditOptions, subject: Subject, planned: Plan, device: str) -> dict[str, str]:
    """Return what the latents depend on, but for the pixels of the images and how many are encoded at once."""
    versions = provenance.versions()
    facts = {"encaudit": __version__} | {name: str(versions[name]) for name in ("torch", "numpy", "cryodrgn")}
    facts |= _of_encoder("CKPT", subject.opened, options.checkpoint)
    if subject.other is not None:
        facts |= _of_encoder("--other-seed", subject.other, str(options.other_seed))
    facts["images"] = f"{len(subject.stack.index)} of {' x '.join(map(str, subject.stack.image_shape))} pixels"
    facts["rows of --ind and --n"] = _hash(subject.stack.index)
    data = subject.data
    for name, path in (("--poses", data.poses), ("--ctf", data.ctf), ("--metadata", options.metadata)):
        facts[name] = "none" if path is None else _of_file(path)
    for path in planned.files:
        facts[path] = _of_file(path)
    return facts | {
        "--transform": " ".join(sorted({canonical(spec) for spec in options.transforms})) or "the default ones",
        "--controls": "yes" if options.controls else "no",
        "--sample-n": str(options.sample_n),
        "--dose": " ".join(sorted(set(options.dose))) or "none",
        "--grid": str(options.grid or "none"),
        "--seed": str(options.seed),
        "--channels": str(options.channels or "as they are"),
        "--precision": options.precision,
        "--device": device.partition(":")[0],
    }


def glimpse(stack: Stack) -> dict[str, str]:
    """Return what a quick look tells apart: the size of the files, and some images with all that comes with them."""
    size = sum(Path(file).stat().st_size for file in stack.files)
    positions = np.unique(np.linspace(0, len(stack.index) - 1, GLIMPSED).astype(np.int64))
    batch = stack.read(positions)
    parts = [part for part in (batch.images, batch.shift_px, batch.ctf, batch.pose) if part is not None]
    return {
        "size of the image files": f"{size} bytes",
        f"{len(positions)} of the images": _hash(*(part.numpy() for part in parts)),
    }


def whole_images(described: Mapping[str, str]) -> dict[str, str]:
    """Return the fact that their provenance states of the images: what all their bytes hash to."""
    return {"pixels of the images": described["sha256"][:SHOWN]}


def _of_encoder(name: str, opened: OpenedEncoder, typed: str) -> dict[str, str]:
    facts = {f"kind of {name}": opened.kind}
    if opened.checkpoint is not None:
        facts[name] = _of_file(opened.checkpoint)
    else:
        facts[name] = typed
        file = file_of(typed.removeprefix(MODULE_PREFIX))
        # no "<stdin>", and nothing within a zip
        facts[f"file of {name}"] = _of_file(file) if file is not None and file.is_file() else "none"
    if isinstance(opened, OpenedCryodrgn):
        facts[f"config of {name}"] = _of_file(opened.config_path)
    return facts


def _of_file(path: str | Path) -> str:
    return sha256_of([path])[:SHOWN]


def _hash(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:SHOWN]

"""Small stacks on disk, each image recognizable by its values."""

import gzip
import pickle
import struct
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import torch
from scipy.spatial.transform import Rotation


def numbered_images(count: int, box: int = 6, dtype: Any = np.float32) -> np.ndarray:
    """Image i is i + 1 everywhere, but for a few pixels of its own; exact in every dtype of MRC."""
    images = np.ones((count, box, box)) * np.arange(1, count + 1)[:, None, None]
    images[:, 0, 1] = 50 + np.arange(count)
    images[:, 2, 0] = 90
    return images.astype(dtype)


def write_mrcs(path: Path, images: np.ndarray, apix: float = 3.5) -> Path:
    with mrcfile.new(path) as file:
        file.set_data(images)
        file.set_image_stack()
        file.voxel_size = apix
    return path


def write_star(path: Path, names: list[str], **columns: list[Any]) -> Path:
    headers = ["_rlnImageName", *(f"_rln{name}" for name in columns)]
    rows = [" ".join(str(value) for value in row) for row in zip(names, *columns.values(), strict=True)]
    path.write_text("\n".join(["data_particles", "", "loop_", *headers, *rows, ""]))
    return path


def write_cs(path: Path, names: list[str], rows: list[int], **fields: Any) -> Path:
    types = [("blob/path", "S40"), ("blob/idx", "<u4"), ("blob/psize_A", "<f4")]
    table = np.zeros(len(names), dtype=types + [(name, np.asarray(value).dtype) for name, value in fields.items()])
    table["blob/path"], table["blob/idx"], table["blob/psize_A"] = names, rows, 2.5
    for name, value in fields.items():
        table[name] = value
    with open(path, "wb") as file:
        np.save(file, table)
    return path


def write_pickle(path: Path, *contents: Any) -> Path:
    path.write_bytes(b"".join(pickle.dumps(content) for content in contents))
    return path


def write_idx(path: Path, images: np.ndarray) -> Path:
    content = bytes([0, 0, 8, images.ndim]) + struct.pack(f">{images.ndim}I", *images.shape) + images.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def numbers_of(pose: torch.Tensor) -> list[Any]:
    """Return which of the rotations of ``write_poses`` these are."""
    found: list[Any] = torch.round(100 * torch.atan2(pose[..., 1, 0], pose[..., 0, 0])).int().tolist()
    return found


def write_poses(path: Path, count: int) -> Path:
    """Rotation i is by i/100 about the axis of view; translation i is (i/100, -i/100)."""
    number = np.arange(count)
    rotations = Rotation.from_euler("z", number[:, None] / 100).as_matrix().astype(np.float32)
    return write_pickle(path, (rotations, np.stack([number, -number], axis=1).astype(np.float32) / 100))


def write_ctf(path: Path, count: int, box: int = 6) -> Path:
    """Estimated at twice the box, 1.5 angstrom; defocus i is 1000 i."""
    table = np.tile(np.array([2 * box, 1.5, 0, 0, 30, 300, 2.7, 0.1, 0], np.float32), (count, 1))
    table[:, 2] = 1000 * np.arange(count)
    return write_pickle(path, table)

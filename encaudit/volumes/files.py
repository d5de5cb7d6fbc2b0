"""Volumes as .mrc files."""

import re
from pathlib import Path

import numpy as np

from encaudit.volumes.study import VolumeStudy


def write_volumes(study: VolumeStudy, folder: Path) -> list[Path]:
    """Write the volumes of a study as .mrc files into a folder, made where missing, and return their paths.

    ``particle0003.mrc`` is the volume of stack row 3, ``particle0003.roll1.mrc`` that of its moved copy, and
    ``particle0003.roll1.difference.mrc`` the second minus the first. The voxel size is 1 where it is unknown, as
    cryoDRGN writes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[Path, None] = {}
    for spec, compared in study.comparisons.items():
        for one in compared:
            before, after = study.decoded.of(one.z), study.decoded.of(one.z_moved)
            stem = f"particle{one.index:04d}"
            moved = f"{stem}.{file_name_part(spec)}"
            for name, volume in ((stem, before), (moved, after), (f"{moved}.difference", after - before)):
                path = folder / f"{name}.mrc"
                if path not in written:
                    _write_mrc(path, volume, study.voxel_angstrom or 1.0)
                    written[path] = None
    return list(written)


def file_name_part(spec: str) -> str:
    """Return a specification as a part of a file name, on any system."""
    return re.sub(r"[^A-Za-z0-9.,+=-]", "_", spec)


def _write_mrc(path: Path, volume: np.ndarray, voxel_angstrom: float) -> None:
    import mrcfile

    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(np.ascontiguousarray(volume, dtype=np.float32))
        file.voxel_size = voxel_angstrom

"""Does the header of an MRC file agree with the file? Asked before anything is read, at the price of 1 KiB a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encaudit.errors import InputError

_HEADER_BYTES = 1024
_BYTES_PER_PIXEL = {0: 1, 1: 2, 2: 4, 6: 2, 12: 2, 17: 1}
_NOT_IMAGES = {3: "complex", 4: "complex", 16: "colour", 101: "4-bit"}


@dataclass(frozen=True)
class MrcHeader:
    """The box (pixels), the number of images, and angstrom per pixel where the header means it."""

    box: int
    count: int
    apix: float | None


def read_header(path: str | Path) -> MrcHeader:
    """Read a header and hold it against the size of the file.

    Raises ``InputError`` for a file that is missing, cut off, no MRC file, not square, of a mode without real pixels,
    or big-endian (which cryoDRGN does not read).
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"No image file at {path}. Check the path, or say where it is with --datadir DIR.")
    actual = path.stat().st_size
    if actual < _HEADER_BYTES:
        raise InputError(f"{path} is cut off: {actual} bytes, fewer than the 1024 of an MRC header. Copy it again.")
    with open(path, "rb") as file:
        raw = file.read(_HEADER_BYTES)
    nx, ny, nz, mode = (int(value) for value in np.frombuffer(raw, "=i4", 4))
    _check_mode(path, raw, mode)
    extended = int(np.frombuffer(raw, "=i4", 1, offset=92)[0])
    if min(nx, ny, nz) < 1 or extended < 0:
        raise InputError(
            f"{path} is not an image stack: its header says {nz} images of {ny} x {nx} pixels. Copy it again."
        )
    promised = _HEADER_BYTES + extended + nx * ny * nz * _BYTES_PER_PIXEL[mode]
    if actual != promised:
        fate = "is cut off" if actual < promised else "disagrees with its header"
        raise InputError(
            f"{path} {fate}: {nz} images of {ny} x {nx} pixels (mode {mode}) need {promised} bytes, and it has "
            f"{actual}. Copy it again."
        )
    if nx != ny:
        raise InputError(f"{path} holds images of {ny} x {nx} pixels; expected square ones. Crop or pad them.")
    cell_angstrom = float(np.frombuffer(raw, "=f4", 1, offset=40)[0])
    return MrcHeader(box=nx, count=nz, apix=_apix(cell_angstrom, nx))


def _check_mode(path: Path, raw: bytes, mode: int) -> None:
    if mode in _BYTES_PER_PIXEL:
        return
    swapped = int(np.frombuffer(raw, "=i4", 4).byteswap()[3])
    if swapped in _BYTES_PER_PIXEL:
        raise InputError(
            f"{path} was written in the byte order of another machine (big-endian), which cryoDRGN does not read. "
            "Rewrite it, for example by reading and writing it with the mrcfile package."
        )
    kind = _NOT_IMAGES.get(mode, "unknown to the MRC format")
    raise InputError(
        f"{path} has mode {mode} ({kind}); expected 8- or 16-bit integers, or 16- or 32-bit floats "
        "(modes 0, 1, 2, 6, 12, 17)."
    )


def _apix(cell_angstrom: float, box: int) -> float | None:
    """Return None for what is written when nobody knew: no cell, one of 1 angstrom, or pixels of 1 (as in cryoDRGN)."""
    known = np.isfinite(cell_angstrom) and cell_angstrom > 0 and cell_angstrom not in (1.0, float(box))
    return round(cell_angstrom / box, 6) if known else None

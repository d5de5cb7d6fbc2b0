"""EMPIAR-10076, the particles of the paper: what of it is downloaded, what is not, and whether a folder holds all."""

import shlex
from pathlib import Path

from encaudit.datasets.fetched import Fetched, OnProgress, cache_folder
from encaudit.datasets.published import PublishedFile, download
from encaudit.errors import InputError
from encaudit.images import open_stack

PARTICLES, KEPT = 131_899, 87_327
DEPOSITED_BOX, PAPER_BOX = 320, 128
FIELD_ANGSTROM = 419.2  # 320 pixels of 1.31 angstrom
STACK = "L17Combine_weight_local.mrc"
STACKS = ("particles.128.*", "particles.*", STACK + "*")  # the first that is there is taken
_STACK_SUFFIXES = (".mrcs", ".txt", ".star")

_INPUTS = "https://raw.githubusercontent.com/zhonge/cryodrgn_empiar/886c5d106f98a7d9647c1cc60e48a4cefa20ffaa/empiar10076/inputs/"
FILES = tuple(
    PublishedFile(name, (_INPUTS + name,), f"git:{blob}")
    for name, blob in (
        ("poses.pkl", "bd8540809c6cc2e512d1b592f8f0fb5ebe0e6932"),
        ("ctf.pkl", "b77b28dec9bb29e0be5218087865ddda64bfa473"),
        ("filtered.ind.pkl", "60141f7c9842a443fb8a7a3a977815c2fc4c679f"),
    )
)
POSES, CTF = FILES[0], FILES[1]
STACK_STEPS = (
    f"The particles are not downloaded: EMPIAR-10076 holds them as one stack, data/{STACK}, of {PARTICLES:,} images of "
    f"{DEPOSITED_BOX} x {DEPOSITED_BOX} pixels (1.31 angstrom each), about 54 GB. See https://www.ebi.ac.uk/empiar/EMPIAR-10076/.",
    f"Its name ends in .mrc although it is a stack: mv {STACK} {STACK}s",
    f"The paper's size: cryodrgn downsample {STACK}s -D {PAPER_BOX} -o particles.{PAPER_BOX}.mrcs",
    "Then put it beside the other files, and type: encaudit fetch empiar-10076 --from FOLDER",
)


def fetch(source: Path | None, folder: Path | None, on_progress: OnProgress) -> Fetched:
    """Download what is small (poses, CTF, cryoDRGN's selection) and say how to get the stack; or check a folder."""
    if source is not None:
        return check(source)
    folder = folder or cache_folder("empiar-10076")
    for file in FILES:
        download(
            file,
            folder,
            on_progress,
            "Try again with a network, or copy poses.pkl, ctf.pkl and filtered.ind.pkl from "
            "github.com/zhonge/cryodrgn_empiar, and the stack from EMPIAR, into one folder and check it: "
            "encaudit fetch empiar-10076 --from FOLDER.",
        )
    return Fetched(tuple(folder / file.name for file in FILES), STACK_STEPS)


def check(folder: Path) -> Fetched:
    """Is everything there that the paper's figures are made from, and does it belong together?

    Counts, box and pixel size of the stack against poses and CTF, which are read in full; pixels are not read. Whether
    poses, CTF and selection are the published ones is told, but another refinement of the same particles will do.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; --from takes the folder that holds the stack, poses.pkl and ctf.pkl.")
    images = _stack_in(folder)
    missing = [file.name for file in (POSES, CTF) if not (folder / file.name).is_file()]
    if images is None:
        missing.append(f"particles.{PAPER_BOX}.mrcs (or {STACK}s)")
    if missing or images is None:
        raise InputError(f"{folder} lacks {', '.join(missing)}. encaudit fetch empiar-10076 says where they are.")
    stack = open_stack(images, poses=folder / POSES.name, ctf=folder / CTF.name)
    if len(stack) != PARTICLES:
        raise InputError(f"{images} holds {len(stack):,} images; expected {PARTICLES:,}. Copy or downsample it again.")
    field = (stack.apix or 0) * stack.image_shape[-1]
    if abs(field - FIELD_ANGSTROM) > 0.01 * FIELD_ANGSTROM:
        raise InputError(
            f"{CTF.name} tells images {field:.1f} angstrom wide; those of EMPIAR-10076 are {FIELD_ANGSTROM}."
        )
    files = [images, *(folder / file.name for file in FILES if (folder / file.name).is_file())]
    return Fetched(tuple(files), (*_told(folder, images, stack.image_shape[-1]), _next(folder, images)))


def _stack_in(folder: Path) -> Path | None:
    found = (path for pattern in STACKS for path in sorted(folder.glob(pattern)) if path.suffix in _STACK_SUFFIXES)
    return next(found, None)


def _told(folder: Path, images: Path, box: int) -> list[str]:
    lines = [f"{images.name}: {PARTICLES:,} images of {box} x {box} pixels."]
    if box != PAPER_BOX:
        smaller = f"cryodrgn downsample {images} -D {PAPER_BOX} -o particles.{PAPER_BOX}.mrcs"
        lines.append(f"The paper's are {PAPER_BOX} pixels: {smaller}")
    for file in FILES:
        path = folder / file.name
        if not path.is_file():
            lines.append(
                f"{file.name}: not there; the paper uses all {PARTICLES:,} particles, cryoDRGN's selection {KEPT:,}."
            )
        else:
            lines.append(f"{file.name}: {'as published' if file.is_published(path) else 'not the published one'}.")
    return lines


def _next(folder: Path, images: Path) -> str:
    inputs = ["--images", str(images), "--poses", str(folder / POSES.name), "--ctf", str(folder / CTF.name)]
    return f"Next: {shlex.join(['encaudit', 'train', 'vae', *inputs, '--preset', 'paper'])}"

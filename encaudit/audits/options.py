"""What an audit can be told, and who may watch it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from encaudit.dose import DOSES
from encaudit.errors import InputError, UnknownNameError

CALIBRATIONS = ("posterior", "prior", "none")
FEWEST_SAMPLED = 20  # below this there is no interval
FURTHEST_GRID = 3  # pixels; 48 encodings of each image of the sample


class Watcher(Protocol):
    """Whoever wants to know how far the audit is."""

    def stage(self, what: str, *, unit: str = "") -> None:
        """Begin a stage."""

    def advance_to(self, done: int, total: int) -> None:
        """Say how far the stage is."""

    def note(self, what: str) -> None:
        """Say what the stage is busy with."""

    def say(self, what: str | None) -> None:
        """Say something that stays to be read; nothing for None."""


@dataclass(frozen=True)
class AuditOptions:
    """Everything that `encaudit probe` can be told; see its help."""

    checkpoint: str
    transforms: tuple[str, ...] = ()
    images: str | None = None
    poses: str | None = None
    ctf: str | None = None
    datadir: str | None = None
    ind: str | None = None
    n: int | None = None
    metadata: str | None = None
    config: Path | None = None
    encoder: str | None = None
    other_seed: str | None = None
    trust_pickle: bool = False
    device: str = "auto"
    precision: str = "float32"
    batch_size: str = "auto"
    seed: int = 0
    controls: bool = True
    sample_n: int = 1_000
    dose: tuple[str, ...] = ()
    grid: int | None = None
    calibration: str = "posterior"
    umap: bool = True
    umap_n: int = 20_000
    volumes: int = 6
    volume_box: int | None = None
    resume: bool = False


def check(options: AuditOptions) -> None:
    """Refuse, before anything is loaded, what could not be carried out; InputError."""
    if options.batch_size != "auto" and not (
        options.batch_size.isascii() and options.batch_size.isdecimal() and int(options.batch_size) > 0
    ):
        raise InputError(f"--batch-size {options.batch_size}: expected a positive number or auto.")
    for name in ("images", "poses", "ctf", "datadir", "ind", "metadata", "other_seed"):
        if getattr(options, name) == "":
            raise InputError(f"--{_spelled(name)} is empty: expected a path. Leave the option out for the default.")
    if options.seed >= 2**63:
        raise InputError(f"--seed {options.seed}: expected a number below 2^63.")
    for name, least in (("seed", 0), ("umap_n", 1), ("volumes", 0), ("sample_n", 0)):
        if getattr(options, name) < least:
            raise InputError(f"--{_spelled(name)} {getattr(options, name)}: expected {least} or more.")
    if options.volume_box is not None and (options.volume_box < 6 or options.volume_box % 2):
        raise InputError(f"--volume-box {options.volume_box}: expected an even number of at least 6.")
    if options.grid is not None and not 1 <= options.grid <= FURTHEST_GRID:
        raise InputError(f"--grid {options.grid}: expected 1 to {FURTHEST_GRID} pixels.")
    for kind in options.dose:
        if kind not in DOSES:
            raise UnknownNameError("kind of --dose", kind, DOSES)
    if (options.dose or options.grid is not None) and options.sample_n < FEWEST_SAMPLED:
        raise InputError(
            f"--sample-n {options.sample_n}: --dose and --grid are measured on this sample; expected {FEWEST_SAMPLED} "
            "images or more."
        )
    if options.calibration not in CALIBRATIONS:
        raise InputError(f"--calibration {options.calibration}: expected {', '.join(CALIBRATIONS)}.")


def _spelled(name: str) -> str:
    return name.replace("_", "-")

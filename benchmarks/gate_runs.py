"""Encoders that a gate should let pass, and worsened ones that it should not; trained once, and kept in a folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

DATA = Path(__file__).parent.parent / "fixtures" / "particles"
CALIBRATED_ON, HELD_OUT = (0, 1, 2, 3, 4), (5, 6, 7)
TRUNCATED = (10, 11, 12)
STOPPED, STOPPED_AT = (0, 1), 10  # plain runs, as they were after so many epochs
TRANSFORMS = ("roll1", "rot90", "rot90:frame=array")
AUGMENTED = ("--augment", "roll,rotate", "--consistency", "1")
NORMS = {"std-x2": (0.0, 2.0), "std-x1.3": (0.0, 1.3), "mean+1std": (1.0, 1.0)}  # (mean shift in std, factor of std)


@dataclass(frozen=True)
class Training:
    """One run: its name, and what ``encaudit train vae --like fixtures/particles/run`` is told beside the seed."""

    kind: str
    seed: int
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        return f"{self.kind}{self.seed}"


def trainings() -> list[Training]:
    """Return all runs, those first that most is said of."""
    seeds = (*CALIBRATED_ON, *HELD_OUT)
    return [
        *(Training("plain", seed) for seed in seeds),
        *(Training("truncated", seed, ("--epochs", "2")) for seed in TRUNCATED),
        *(Training("augmented", seed, AUGMENTED) for seed in CALIBRATED_ON[:4]),
    ]


def train_all(cache: Path) -> None:
    """Train what is not there yet; a minute or two each, on one core."""
    for training in trainings():
        folder = cache / "runs" / training.name
        if not (folder / "weights.pkl").is_file():
            files = [
                *("--images", str(DATA / "particles.mrcs")),
                *("--poses", str(DATA / "poses.pkl"), "--ctf", str(DATA / "ctf.pkl")),
            ]
            own = [*training.options, "--seed", str(training.seed), "-o", str(folder)]
            _encaudit("train", "vae", "--like", str(DATA / "run"), *files, *own)


def write_wrong_norms(cache: Path) -> None:
    """Write, beside each plain run, the same weights with another norm in their config."""
    for seed in CALIBRATED_ON:
        plain = cache / "runs" / f"plain{seed}"
        for kind, (shift, factor) in NORMS.items():
            folder = cache / "runs" / f"{kind}-{seed}"
            if not plain.is_dir() or (folder / "config.yaml").is_file():
                continue
            folder.mkdir(parents=True)
            shutil.copy(plain / "weights.pkl", folder)
            config = yaml.safe_load((plain / "config.yaml").read_text())
            mean, std = config["dataset_args"]["norm"]
            config["dataset_args"]["norm"] = [mean + shift * std, std * factor]
            (folder / "config.yaml").write_text(yaml.safe_dump(config))


def audit_all(cache: Path) -> None:
    """Audit every run, all alike: the same images, transforms and seed."""
    checkpoints = {folder.name: folder / "weights.pkl" for folder in sorted((cache / "runs").iterdir())}
    checkpoints |= {f"stopped{seed}": cache / "runs" / f"plain{seed}" / f"weights.{STOPPED_AT}.pkl" for seed in STOPPED}
    for name, checkpoint in checkpoints.items():
        output = cache / "audits" / name
        if checkpoint.is_file() and not (output / "report.json").is_file():
            asked = [word for spec in TRANSFORMS for word in ("--transform", spec)]
            files = ("--images", str(DATA / "particles.mrcs"), "--poses", str(DATA / "poses.pkl"))
            files = (*files, "--ctf", str(DATA / "ctf.pkl"), "--no-umap", "--volumes", "0")
            _encaudit("probe", str(checkpoint), *asked, *files, "-o", str(output))


def names(kind: str, cache: Path, seeds: tuple[int, ...]) -> Iterator[str]:
    """Iterate over the audits of a kind that are there, by seed."""
    for seed in seeds:
        name = f"{kind}-{seed}" if kind in NORMS else f"{kind}{seed}"
        if (cache / "audits" / name / "report.json").is_file():
            yield name


def _encaudit(*arguments: str) -> None:
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "encaudit", *arguments, "--device", "cpu"]
    subprocess.run(command, env=os.environ | one_thread, check=True, stderr=subprocess.DEVNULL)

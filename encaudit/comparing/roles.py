"""Which run is the null, which the base, and which runs differ by nothing but their seed?"""

from itertools import combinations

from encaudit.comparing.runs import TrainedRun
from encaudit.errors import InputError, UnknownNameError


def null_of(runs: list[TrainedRun], asked: str | None) -> TrainedRun | None:
    """Return the run with one latent for all images: the one asked for, else the first frozen zero table, else None."""
    if asked is not None:
        return _named(runs, asked, "--null")
    return next((run for run in runs if _is_frozen_zero(run)), None)


def base_of(runs: list[TrainedRun], asked: str | None, null: TrainedRun | None) -> TrainedRun | None:
    """Return the run that others are measured by: the one asked for, else the first other VAE than the null, or None.

    Raises InputError where the null was asked for: nothing can be measured between a run and itself.
    """
    if asked is not None:
        base = _named(runs, asked, "--base")
        if base is null:
            raise InputError(f"{base.name} cannot be both the null run and the base run. Name another one by --base.")
        return base
    return next((run for run in runs if run.kind == "vae" and run is not null), None)


def seed_pairs(runs: list[TrainedRun]) -> list[tuple[TrainedRun, TrainedRun]]:
    """Return the pairs of runs that were told the same in everything but the seed."""
    return [(one, other) for one, other in combinations(runs, 2) if _differ_by_seed_alone(one, other)]


def _is_frozen_zero(run: TrainedRun) -> bool:
    options = {} if run.record is None else run.record.options
    return run.kind == "vlt" and options.get("init") == "zero" and bool(options.get("freeze"))


def _differ_by_seed_alone(one: TrainedRun, other: TrainedRun) -> bool:
    if one.record is None or other.record is None or one.record.seed == other.record.seed:
        return False
    told = [
        {name: value for name, value in run.options.items() if name != "seed"} for run in (one.record, other.record)
    ]
    return one.kind == other.kind and told[0] == told[1]


def _named(runs: list[TrainedRun], asked: str, option: str) -> TrainedRun:
    for run in runs:
        if asked in (run.name, str(run.path)) or asked.rstrip("/") == str(run.path):
            return run
    raise UnknownNameError(f"run for {option}", asked, [run.name for run in runs])

"""Losses of several runs in one unit: the norm and the beta of the run that the others are measured by."""

from dataclasses import replace

from encaudit.comparing.runs import TrainedRun


def unit_of(runs: list[TrainedRun], base: TrainedRun | None) -> TrainedRun | None:
    """Return the run in whose unit losses are told: the base run, else the first that has any."""
    if base is not None and base.losses:
        return base
    return next((run for run in runs if run.losses), None)


def in_unit_of(unit: TrainedRun | None, runs: list[TrainedRun]) -> list[TrainedRun]:
    """Return the runs with their losses in the norm of ``unit``, and their KL weighed by its beta.

    A coefficient h of an image is compared as (h - mean) / std, and so is what the decoder says of it, so that the
    difference is that of h over std, whatever the mean: a squared error in the unit of another norm is (std / std')^2
    times as large, exactly, on the same images. The KL is in nats, and its weight is a choice, which has to be one for
    all: a run trained with beta 0 would else not pay for what its latents cost.
    """
    return runs if unit is None else [_converted(run, unit) for run in runs]


def _converted(run: TrainedRun, unit: TrainedRun) -> TrainedRun:
    scale = _scale(run, unit)
    record, theirs = run.record, unit.record
    if not run.losses or record is None or theirs is None or (scale == 1 and record.beta == theirs.beta):
        return run
    losses = dict(run.losses)
    for name in ("reconstruction", "reconstruction_reshuffled"):
        if name in losses:
            losses[name] = scale * losses[name]
    weight = theirs.beta / (record.n_mask if record.data == "particles" else 1)
    losses["loss"] = losses["reconstruction"] + weight * losses["kl"]
    return replace(run, losses=losses, loss_scale=scale)


def _scale(run: TrainedRun, unit: TrainedRun) -> float:
    mine, theirs = run.data.norm, unit.data.norm
    return 1.0 if mine is None or theirs is None else (mine[1] / theirs[1]) ** 2

"""What a single run's losses, table and labels say, beside the null and the base run."""

from dataclasses import dataclass

import numpy as np

from encaudit.comparing.runs import TrainedRun
from encaudit.memorisation import (
    explained_held_out,
    explained_heterogeneity,
    label_accuracy,
    loss_difference,
    memorisation_index,
    table_travel,
    twin_dependence,
)
from encaudit.results import Skipped, Summary
from encaudit.stats import NO_INTERVAL, group_codes, summarize_dataset

Measures = dict[str, Summary | Skipped]

NO_LOSSES = Skipped("there is no evaluation.npz: the losses of its images are not known")
NO_NULL = Skipped(
    "no run with one latent for all images is among them; encaudit train vlt --init zero --freeze makes one, and "
    "--null names it"
)
NO_BASE = Skipped("no VAE is among them to measure by; --base names another run")
OTHER_LOSS = Skipped("its loss is of another kind, or over other pixels, than that of the null or the base run")
BETA_0 = Skipped("it was trained with beta 0, so its loss stands for no number of nats")
NOT_IN_TABLE = Skipped("a table has learned nothing of an image that it was not trained on")


@dataclass(frozen=True, eq=False)
class Beside:
    """What a run is measured by: the null and the base run (None where there is none), groups and seed of intervals."""

    null: TrainedRun | None
    base: TrainedRun | None
    groups: np.ndarray | None
    seed: int

    def codes(self, rows: np.ndarray) -> np.ndarray | None:
        """Return the groups of some images, as codes without gaps."""
        return None if self.groups is None else group_codes(self.groups[rows])


def measures_of(run: TrainedRun, beside: Beside, labels: np.ndarray | None) -> Measures:
    """Return everything that one run tells, by the names that reports have; all runs have the same images."""
    measures = _of_losses(run, beside)
    if run.kind == "vlt":
        measures["table_travel"] = _travel(run, beside)
    if labels is not None:
        measures["label_accuracy"] = label_accuracy(run.latents.mu, labels, beside.codes(np.arange(len(labels))))
    return measures


def _of_losses(run: TrainedRun, beside: Beside) -> Measures:
    if not run.losses:
        return {"reconstruction": NO_LOSSES}
    null, base = beside.null, beside.base
    away = np.logical_or.reduce([one.held_out for one in (run, null, base) if one is not None])
    trained = np.flatnonzero(~away)
    codes = beside.codes(trained)
    own = {name: values[trained] for name, values in run.losses.items()}
    nothing = np.zeros(len(trained))
    measures: Measures = {
        "reconstruction": loss_difference(own["reconstruction"], nothing, codes, beside.seed),
        "kl": loss_difference(own["kl"], nothing, codes, beside.seed),
    }
    missing = _missing(run, null, base)
    reference = None
    if missing is None and null is not None and base is not None:
        # One latent for all tells nothing of an image, so it costs no nats: the KL of a frozen table is that of the
        # logvar which somebody set it to.
        lowest = null.losses["reconstruction"][trained]
        reference = {name: (lowest, base.losses[name][trained]) for name in ("reconstruction", "loss")}
    for suffix, name in (("", "reconstruction"), ("_loss", "loss")):
        of_name = f"explained_heterogeneity{suffix}"
        if reference is None:
            measures[of_name] = missing or NO_NULL
        else:
            lowest, best = reference[name]
            loss = lowest if run is null else own[name]
            measures[of_name] = explained_heterogeneity(lowest, loss, best, codes, beside.seed)
    if away.any() and missing is None:
        measures["explained_heterogeneity_held_out"] = _held_out(run, beside, trained)
    if run.kind == "twin":
        measures |= _of_twins(own, run, beside, codes, reference, missing)
    return measures


def _held_out(run: TrainedRun, beside: Beside, trained: np.ndarray) -> Summary | Skipped:
    if run.kind == "vlt" and run is not beside.null:
        return NOT_IN_TABLE
    assert beside.null is not None and beside.base is not None
    rows = np.flatnonzero(np.logical_and.reduce([one.held_out for one in (run, beside.null, beside.base)]))
    if not len(rows):
        return Skipped("no image was held out of this run, the null and the base run alike")
    null, own, base = (one.losses["reconstruction"] for one in (beside.null, run, beside.base))
    groups = beside.codes(rows), beside.codes(trained)
    return explained_held_out(null[rows], own[rows], null[trained], base[trained], groups, beside.seed)


def _of_twins(
    own: dict[str, np.ndarray],
    run: TrainedRun,
    beside: Beside,
    codes: np.ndarray | None,
    reference: dict[str, tuple[np.ndarray, np.ndarray]] | None,
    missing: Skipped | None,
) -> Measures:
    measures: Measures = {}
    reshuffled = own.get("reconstruction_reshuffled")
    if reference is None:
        measures["memorisation_index"] = measures["twin_dependence"] = missing or NO_NULL
    else:
        null, real = reference["reconstruction"]
        measures["memorisation_index"] = memorisation_index(null, own["reconstruction"], real, codes, beside.seed)
        if reshuffled is not None:
            measures["twin_dependence"] = twin_dependence(
                own["reconstruction"], reshuffled, codes, beside.seed, null=null, base=real
            )
    if reshuffled is not None:
        nats = _nats_per_loss(run)
        measures["twin_dependence_nats"] = (
            nats
            if isinstance(nats, Skipped)
            else twin_dependence(
                nats * own["reconstruction"].astype(np.float64),
                nats * reshuffled.astype(np.float64),
                codes,
                beside.seed,
            )
        )
    return measures


def _nats_per_loss(run: TrainedRun) -> float | Skipped:
    """A mean squared error over m coefficients is beta/m of the nats of the Gaussian decoder that beta stands for."""
    record = run.record
    if record is None or record.data == "digits":
        return 1.0
    return BETA_0 if record.beta == 0 else record.n_mask / record.beta / run.loss_scale


def _missing(run: TrainedRun, null: TrainedRun | None, base: TrainedRun | None) -> Skipped | None:
    """Say why the run cannot be set beside null and base; None where it can."""
    if null is None:
        return NO_NULL
    if base is None:
        return NO_BASE
    if not null.losses or not base.losses:
        return Skipped("there is no evaluation.npz of the null or the base run")
    kinds = {
        (one.record.data, one.record.n_mask, one.record.options.get("window"), one.record.options.get("window_r"))
        for one in (run, null, base)
        if one.record is not None
    }
    return OTHER_LOSS if len(kinds) > 1 else None


def _travel(run: TrainedRun, beside: Beside) -> Summary | Skipped:
    """By the table's start, which state.pkl keeps; where that is gone, by what run.json says, without an interval."""
    table = run.latents.mu
    if run.start is not None:
        return table_travel(table, run.start, beside.codes(np.arange(len(table))), beside.seed)
    travel = None if run.record is None else run.record.travel
    spread = float(np.sqrt(((table - table.mean(axis=0, dtype=np.float64)) ** 2).mean()))
    if travel is None or (spread == 0 and travel.mu > 0):
        return Skipped("neither state.pkl nor run.json says where the table started")
    return summarize_dataset(travel.mu / spread if travel.mu else 0.0, NO_INTERVAL, len(table))

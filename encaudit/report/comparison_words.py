"""What the measures of a comparison are called, how they are written, and what they say; the same everywhere."""

from dataclasses import dataclass

from encaudit.comparing import Comparison, PairReport, RunReport
from encaudit.report.headline import interval, number
from encaudit.results import Skipped, Summary


@dataclass(frozen=True)
class Measure:
    """A measure: its name, its title in a table, its unit, and what it says in plain words."""

    name: str
    title: str
    unit: str
    meaning: str
    digits: int = 3


OF_RUNS = (
    Measure(
        "explained_heterogeneity",
        "E",
        "1",
        "Explained heterogeneity: which part of what the base run gains over one volume for all particles, this run "
        "gains too. 0: no better than one volume; 1: as good as the base run.",
    ),
    Measure(
        "explained_heterogeneity_held_out",
        "E held out",
        "1",
        "What this run gains on images that no run was trained on, by what the base run gains on its training images. "
        "What the base run lacks to 1 it gained from its training images alone: memory is of no use on new ones.",
    ),
    Measure(
        "explained_heterogeneity_loss",
        "E net",
        "1",
        "The same for the whole loss, so less what the latents cost in KL; one volume for all costs none.",
    ),
    Measure(
        "memorisation_index",
        "m",
        "1",
        "Memorisation index: how much of what the encoder gains from real images it gains from arbitrary twins. 1: all "
        "of it, by memory alone.",
    ),
    Measure(
        "twin_dependence",
        "T (share)",
        "1",
        "Twin dependence: how far the loss rises when each image gets another's twin, as a share of what the base run "
        "gains over the null run. 0: the twins mean nothing; above: which twin belongs to which image was remembered.",
    ),
    Measure(
        "twin_dependence_nats",
        "T (nats)",
        "nats",
        "The same rise of the loss by itself, in nats an image; it needs neither a base nor a null run.",
    ),
    Measure(
        "table_travel",
        "K",
        "1",
        "Table travel: how far the table's entries went, by how far apart they lie. 0: where they were set down.",
    ),
    Measure(
        "volume_heterogeneity",
        "H",
        "1",
        "Volume heterogeneity: how unlike the decoded volumes of two particles are, by the norm of a volume. 0: one "
        "volume for all.",
    ),
    Measure("relative_heterogeneity", "H / base", "1", "The same, by that of the base run."),
    Measure(
        "label_accuracy",
        "labels",
        "1",
        "How often the 10 nearest neighbours in the latent space name the label of an image.",
    ),
    Measure("kl", "KL (nats)", "nats", "How many nats the latents say of an image beyond the prior."),
    Measure("reconstruction", "reconstruction", "loss", "The mean reconstruction error, in the unit of the loss.", 6),
)
OF_PAIRS = (
    Measure(
        "run_latent_agreement",
        "latents (R²)",
        "1",
        "The share of the reference latents' variance that the other run explains, once turned, scaled and shifted.",
    ),
    Measure(
        "run_displacement_ratio",
        "displacement ratio",
        "1",
        "How far apart the two runs put an image, by how far one puts it from where the other puts another image. 0: "
        "in the same place; 1: no nearer than a stranger, as two runs that have nothing in common.",
    ),
    Measure(
        "run_neighbour_agreement",
        "neighbours kept",
        "1",
        "The share of an image's 15 nearest neighbours that it has in both runs.",
    ),
    Measure(
        "run_cluster_agreement",
        "clusters (ARI)",
        "1",
        "How far two k-means classifications (20 clusters), one of each run, agree. The best to be had is what a "
        "second fit to the same latents gives.",
    ),
)


def present(comparison: Comparison) -> list[Measure]:
    """Return the measures of runs that at least one run has."""
    return [one for one in OF_RUNS if any(one.name in run.measures for run in comparison.runs)]


def not_measured(comparison: Comparison) -> list[str]:
    """Return why measures that some run could have had are missing in all; what misses for one reason in one line."""
    reasons: dict[str, list[str]] = {}
    for one in present(comparison):
        values = [run.measures.get(one.name) for run in comparison.runs]
        skipped = next((value for value in values if isinstance(value, Skipped)), None)
        if skipped is not None and not any(isinstance(value, Summary) for value in values):
            reasons.setdefault(skipped.skipped, []).append(f"{one.title} ({one.name})")
    lines = [f"{', '.join(names)}: not measured, {reason}." for reason, names in reasons.items()]
    missing = {name for names in reasons.values() for name in names}
    if "T (share) (twin_dependence)" in missing and is_measured(comparison, "twin_dependence_nats"):
        lines.append("T (nats) is the rise of the loss by itself, and needs no gain to be a share of.")
    return lines


def is_measured(comparison: Comparison, name: str) -> bool:
    """Whether some run has a number for a measure."""
    return any(isinstance(run.measures.get(name), Summary) for run in comparison.runs)


def described(run: RunReport) -> str:
    """Return what a run is, in a few words."""
    told = [run.kind, run.role and f"{run.role} run"]
    told += [f"seed {run.seed}"] if run.seed is not None else []
    told += [f"{run.epochs} epochs"] if run.epochs is not None else []
    return ", ".join(word for word in told if word)


def named(pair: PairReport) -> str:
    """Return the names of a pair."""
    return f"{pair.reference} | {pair.other}"


def written(value: Summary | Skipped, digits: int = 3) -> tuple[str, str]:
    """Return a value and its interval as text."""
    if isinstance(value, Skipped):
        return "skipped", ""
    return (number(value.median) if digits == 3 else f"{value.median:.{digits}g}"), interval(value)


def beyond_seeds(pair: PairReport, name: str) -> bool:
    """Whether two runs agree surely less in a measure than runs that differ by their seed alone."""
    value, limit = pair.measures.get(name), pair.between_seeds.get(name)
    if pair.seeds or limit is None or not isinstance(value, Summary):
        return False
    same, unrelated = pair.same.get(name), pair.unrelated[name]
    if same is not None and same < unrelated:  # a distance: more is worse
        return value.ci_low is not None and value.ci_low > limit
    return value.ci_high is not None and value.ci_high < limit

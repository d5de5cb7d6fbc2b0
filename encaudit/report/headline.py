"""The few numbers that are read first, and the words that go with them; the same in the terminal and on the page."""

from dataclasses import dataclass

from encaudit.results import IDENTITY, RENOISE, RENOISE_AGAIN, UNTRAINED, Measurement, Report, Skipped, Summary
from encaudit.verdicts import is_probe


@dataclass(frozen=True)
class Headline:
    """A metric that leads: its name, its title in a table, and what it says in plain words."""

    metric: str
    title: str
    meaning: str


HEADLINES = (
    Headline(
        "displacement_ratio",
        "displacement ratio",
        "How far the latents move, in units of the distance between two unrelated images. At 0 nothing moved; at 1 an "
        "image moved as far as if it had been swapped for another one.",
    ),
    Headline(
        "retrieval_rank",
        "retrieval rank",
        "The share of other images that lie nearer to the moved latent than the image's own latent does. At 0 each "
        "image is still its own nearest neighbour; at 0.5 its address is lost.",
    ),
    Headline(
        "pair_auc",
        "pair AUC",
        "How surely a moved copy lies nearer to its own image than to an unrelated one. 1: always; 0.5: a coin flip.",
    ),
    Headline(
        "neighbour_overlap",
        "neighbour overlap",
        "The share of its nearest neighbours that an image keeps when all images are moved. It stays high when the "
        "whole cloud is shifted or turned, which harms no one.",
    ),
    Headline(
        "displacement_sigma",
        "moved by σ",
        "The displacement in units of the error bar that the encoder itself states for each latent. Much above 1, the "
        "move is more than the encoder's own doubt.",
    ),
    Headline(
        "beyond_renoise",
        "beyond noise",
        "How surely the transform moves a latent further than a fresh draw of the image's own noise does. 0.5: as far; "
        "1: always further. Where it is not surely above 0.7, no verdict of scattering is given.",
    ),
    Headline(
        "posterior_kl",
        "KL (nats)",
        "How much the posterior of the moved image differs from that of the image; 0 when the two are the same.",
    ),
)

# A verdict in the words of a table.
WORDS: dict[str, str] = {
    "invariant": "invariant",
    "equivariant": "equivariant, harmless",
    "scatters": "scatters",
    "memorizes-noise": "memorizes noise",
    "collapsed": "collapsed",
    "too-few-images": "too few images",
    "inconclusive": "inconclusive",
}


def specs_of(report: Report) -> list[str]:
    """Return the transforms of a report in their order, without the identity."""
    specs = dict.fromkeys(one.transform for one in report.measurements if one.transform is not None)
    return [spec for spec in specs if spec != IDENTITY]


def find(report: Report, metric: str, spec: str | None) -> Measurement | None:
    """Return one measurement of a report, or None where it holds none."""
    for one in report.measurements:
        if one.metric == metric and one.transform == spec:
            return one
    return None


def between(report: Report, metric: str) -> tuple[float | None, float | None]:
    """Return the floor and the ceiling of a metric for the encoder under audit."""
    for spec in specs_of(report):
        one = find(report, metric, spec)
        if one is not None and "untrained" not in spec and not isinstance(one.value, Skipped):
            return one.floor, one.ceiling
    return None, None


def probes_of(report: Report) -> list[str]:
    """Return the transforms that ask the encoder something."""
    return [spec for spec in specs_of(report) if is_probe(spec)]


def controls_of(report: Report) -> list[str]:
    """Return the transforms that the others are read beside.

    The bare ``untrained``, which most measures say nothing of, only where it was asked for.
    """
    asked = report.provenance.get("transforms", ())
    return [spec for spec in specs_of(report) if not is_probe(spec) and (spec != UNTRAINED or spec in asked)]


def verdict(report: Report, spec: str) -> str:
    """Return the verdict on a transform in a word or two; nothing where there is none, as for controls."""
    return next((WORDS[one.code] for one in report.verdicts if one.transform == spec), "")


def own_scale(report: Report) -> str:
    """Say what the second draw of noise is in the random distances of the other rows; nothing where it was not made."""
    _, others = between(report, "displacement")
    again = find(report, "displacement", RENOISE_AGAIN)
    if again is None or isinstance(again.value, Skipped) or not (others and again.ceiling) or others == again.ceiling:
        return ""
    return (
        f"{RENOISE_AGAIN} is told in random distances among the images of {RENOISE}, {number(again.ceiling)}; in those "
        f"of the other rows, {number(others)}, it moves {number(again.value.median / others)}."
    )


def number(value: float | None) -> str:
    """Write a number with three digits that count (four near 1, where agreements are), and nothing as a dash."""
    if value is None:
        return "–"
    return f"{value:.4f}" if 0.99 <= value < 1 else f"{value:.3g}"


def interval(value: Summary) -> str:
    """Write the 95 % interval of a summary; nothing where there is none."""
    if value.ci_low is None or value.ci_high is None:
        return ""
    return f"{number(value.ci_low)} – {number(value.ci_high)}"

"""How a difference of two audits is written, and what its verdict means; the same everywhere."""

from encaudit.architectures import LEAST, MOST_IMAGES, Pair, Row
from encaudit.report.headline import HEADLINES, number

TITLES = {one.metric: one.title for one in HEADLINES}
ALIKE = "alike"
OF_ENCODER = "encoder alone"
ASKED = f"""Each interval is one of 95 %. A verdict asks for more, since dozens of metrics are judged at once:
those of one pair are decided by Holm's step-down, so that the chance that any of them is wrong is at most 5
%. Where an interval leaves out 0 and the verdict is still undecided, that is why. Undecided says how many
more images like these would decide it if the difference stays what it is. Differences below {LEAST:.0%} of
the way from floor to ceiling (without these: of 1, or of the first audit's value) are no difference to speak
of, and slight where they are sure; so is what more than {MOST_IMAGES // 1_000_000} million images would have
to decide.""".replace("\n", " ")


def spec_of(transform: str | None) -> str:
    """Return what a transform is called in a table."""
    return OF_ENCODER if transform is None else transform


def changed(row: Row) -> str:
    """Write a change with its sign."""
    return f"{'+' if row.change > 0 else ''}{number(row.change)}"


def bounds(row: Row) -> str:
    """Write the 95 % interval of a change; nothing where there is none. A star: not image by image."""
    if row.low is None or row.high is None:
        return ""
    return f"{row.low:+.3g} to {row.high:+.3g}{'' if row.paired else ' *'}"


def worded(row: Row) -> str:
    """Return the verdict in a word or two."""
    if row.verdict is None:
        return ""
    return f"{row.verdict}, slightly" if row.slight and row.verdict != "undecided" else row.verdict


def brief(row: Row) -> str:
    """Return the verdict as short as a terminal needs it: +N are the images that would decide it."""
    if row.verdict != "undecided":
        return worded(row)
    if row.more_images is not None:
        return f"undecided, +{row.more_images:,}"
    return ALIKE if row.slight else "undecided"


def counted(pair: Pair, transform: str | None) -> str:
    """Return how many metrics have which verdict, in words."""
    told = ", ".join(f"{count} {verdict}" for verdict, count in pair.counts(transform).items() if count)
    alike = sum(row.transform == transform and brief(row) == ALIKE for row in pair.rows)
    return f"{told} ({alike} of these {ALIKE}: no difference to speak of)" if alike else told


def told_first(pair: Pair) -> list[Row]:
    """Return the rows that a terminal has room for: the leading metrics, and of the encoder alone what has a better."""
    return [
        row
        for row in pair.rows
        if not row.is_control and (row.metric in TITLES or (row.transform is None and row.better is not None))
    ]

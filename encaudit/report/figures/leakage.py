"""What latents give away of the way an image was taken: pose, defocus, micrograph, and whatever the user listed."""

from collections.abc import Sequence

from encaudit.report.figures.canvas import FAINT, INK, MEASURED_BLUE, RANDOM_GREY, paper, png
from encaudit.results import Measurement, Skipped, Summary

PREFIX = "leakage_"
LONGEST_NAME = 28
ROW = 0.34  # inches


def leakage(measurements: Sequence[Measurement]) -> bytes | None:
    """Draw a bar for each covariate, with its interval and what a permuted one gives, and return the PNG.

    ``measurements`` are named ``leakage_COVARIATE``; None where none was measured.
    """
    told = [(_name(one), one.value, one.floor) for one in measurements if isinstance(one.value, Summary)]
    if not told:
        return None
    told.sort(key=lambda one: one[1].median)
    skipped = [f"{_name(one)} ({one.value.skipped})" for one in measurements if isinstance(one.value, Skipped)]
    ends = [(value.median, value.ci_low or 0, value.ci_high or 0, floor or 0) for _, value, floor in told]
    least, most = min(0, *map(min, ends)), max(map(max, ends))  # a share found by cross-validation may be below zero
    with paper(7.4, 1.5 + ROW * len(told) + 0.13 * len(skipped)) as figure:
        axes = figure.subplots()
        axes.set(xlim=(1.05 * least, 1.12 * most if most > 0 else 1), ylim=(-0.6, len(told) - 0.4))
        for height, (_, value, floor) in enumerate(told):
            axes.barh(height, value.median, height=0.62, color=MEASURED_BLUE, alpha=0.45, linewidth=0)
            end = max(value.median, 0.0)
            if value.ci_low is not None and value.ci_high is not None:
                axes.plot([value.ci_low, value.ci_high], [height, height], color=INK, linewidth=1.2)
                end = max(end, value.ci_high)
            if floor is not None:
                axes.plot([floor, floor], [height - 0.36, height + 0.36], color=RANDOM_GREY, linewidth=2.4)
                end = max(end, floor)
            axes.annotate(
                f"{value.median:.2g}",
                (end, height),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=INK,
            )
        axes.axvline(0, color=FAINT, linewidth=0.8)
        axes.set_yticks(range(len(told)), [name for name, _, _ in told], fontsize=9, color=INK)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("share of the latents' variance that follows from it")
        axes.set_title("What do the latents give away?", loc="left", fontsize=12)
        notes = ["line: 95 % interval; grey mark: the same with the values shuffled among the images"]
        notes += [f"not measured: {one}" for one in skipped]
        figure.supxlabel("\n".join(notes), fontsize=7, color=FAINT)
        return png(figure)


def _name(measurement: Measurement) -> str:
    name = measurement.metric.removeprefix(PREFIX)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"

"""Where did the time go? One line of the report."""

from typing import Any

from encaudit.results import Report

WORTH_SAYING = 0.02  # of the whole time
ENCODING = "encoding"


def time_line(report: Report) -> str | None:
    """Return the whole time and the stages that took most of it, in their order; None for a report without them.

    The rate of encoding is in images of the stack: each is encoded as it is, and once for each transform. There is none
    for a run that was resumed, which encoded but a part of them.
    """
    run = report.provenance
    stages, whole = run.get("seconds"), run.get("duration_s")
    if not isinstance(stages, dict) or not isinstance(whole, int | float):
        return None
    told = [
        f"{name} {_time(seconds)}{_rate(run, name, seconds)}"
        for name, seconds in stages.items()
        if seconds > WORTH_SAYING * whole
    ]
    return f"{_time(whole)}: {', '.join(told)}" if told else _time(whole)


def _rate(run: dict[str, Any], stage: str, seconds: float) -> str:
    images = run.get("images")
    n = images.get("n") if isinstance(images, dict) and not run.get("resumed_chunks") else None
    return f" ({float(f'{n / seconds:.2g}'):,.0f} images/s)" if stage == ENCODING and isinstance(n, int) else ""


def _time(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"

"""The study as one page that needs nothing else, and the same numbers as JSON."""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from encaudit.report.headline import number
from encaudit.study.data import StudyData
from encaudit.study.figures import draw_summary
from encaudit.study.folder import NUMBERS, PAGE, StudyFolder
from encaudit.study.judged import JudgedRow, judged_rows
from encaudit.study.of_trained import MOVED
from encaudit.study.results import Measure
from encaudit.study.scales import Scale
from encaudit.study.tasks import BASE, Probed, ProbedDigits, Timed, Trained, TrainedDigits

SCHEMA = 1
E_, T_ = "explained_heterogeneity", "twin_dependence"
OF_SYSTEMS = {
    "reconstruction": "loss",
    E_: "E",
    "memorisation_index": "m",
    T_: "T",
    "table_travel": "K",
    "relative_heterogeneity": "H / H(3)",
    "run_latent_agreement": "latents agree",
    "run_cluster_agreement": "clusters agree",
    "kl": "KL (nats)",
    **{f"{spec}/displacement_ratio": f"{spec} ratio" for spec in MOVED},
    **{f"{spec}/retrieval_rank": f"{spec} rank" for spec in MOVED},
}
OF_DIGITS = {
    "reconstruction": "reconstruction (nats)",
    "kl": "KL (nats)",
    "label_accuracy": "named by neighbours",
    "table_travel": "K",
    "identity/digit_agreement": "read right",
    **{f"roll{px}/digit_agreement": f"read right, roll{px}" for px in (1, 5)},
    **{f"roll{px}/displacement_ratio": f"roll{px} ratio" for px in (1, 5)},
    **{f"roll{px}/retrieval_rank": f"roll{px} rank" for px in (1, 5)},
}
SECTIONS = (
    ("Systems trained on particles", Trained),
    ("Images moved and encoded again", Probed),
    ("Digits", TrainedDigits | ProbedDigits),
    ("Time", Timed),
)


@dataclass(frozen=True)
class Picture:
    """A figure of a row: its PNG as a data address, and its name."""

    name: str
    source: str


def write_page(folder: StudyFolder, scale: Scale, data: StudyData, about: Mapping[str, Any]) -> None:
    """Write study.html and study.json from what the rows left."""
    rows = judged_rows(folder)
    folder.write(NUMBERS, _numbers(rows, scale, about).encode())
    folder.write(PAGE, render(folder, rows, scale, data, about).encode("utf-8", "replace"))


def render(folder: StudyFolder, rows: list[JudgedRow], scale: Scale, data: StudyData, about: Mapping[str, Any]) -> str:
    """Return the page."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("encaudit.study"), PackageLoader("encaudit.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "interval": interval}
    trained = [one for one in rows if isinstance(one.row.task, Trained)]
    return environment.get_template("study.html.j2").render(
        rows=rows,
        sections=[(title, [one for one in rows if isinstance(one.row.task, kind)]) for title, kind in SECTIONS],
        counts=Counter(one.verdict for one in rows),
        done=sum(one.result is not None for one in rows),
        scale=scale,
        data=data,
        about=about,
        columns={SECTIONS[0][0]: OF_SYSTEMS, SECTIONS[2][0]: OF_DIGITS},
        summary=_summary(trained),
        pictures={one.row.key: _pictures(folder, one.row.key) for one in rows},
        times=_times(rows),
    )


def interval(measure: Measure) -> str:
    """Write an interval; nothing where there is none."""
    return "" if measure.low is None or measure.high is None else f"{number(measure.low)} – {number(measure.high)}"


def _summary(trained: list[JudgedRow]) -> str | None:
    explained: dict[str, tuple[Measure, Measure | None]] = {}
    for one in trained:
        found = {} if one.result is None else one.result.measures
        own = found.get(E_)
        if own is not None and own.value is not None and one.row.key != BASE:
            explained[f"{one.row.system}  ({one.row.figures})"] = own, found.get(T_)
    return _source(draw_summary(explained)) if explained else None


def _pictures(folder: StudyFolder, key: str) -> list[Picture]:
    return [Picture(name.lstrip("0123456789-"), _source(png)) for name, png in folder.pictures(key).items()]


def _source(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _times(rows: list[JudgedRow]) -> list[tuple[str, Measure, Measure]]:
    """Return each timed system with milliseconds an image, and its ratio to the first."""
    found = []
    for one in rows:
        if isinstance(one.row.task, Timed) and one.result is not None and one.result.failed is None:
            for title, _ in one.row.task.systems:
                found.append((title, one.result.measures[f"{title}/ms"], one.result.measures[f"{title}/ratio"]))
    return found


def _numbers(rows: list[JudgedRow], scale: Scale, about: Mapping[str, Any]) -> str:
    content = {
        "schema": SCHEMA,
        "study": "paper",
        "scale": scale.name,
        "provenance": dict(about),
        "rows": [
            {
                "row": one.row.key,
                "figures": one.row.figures,
                "system": one.row.system,
                "claim": one.row.claim,
                "verdict": one.verdict if one.result is not None else "not run",
                "bounds": [
                    {"measure": bound.bound.measure, "bound": bound.words, "verdict": bound.judgement}
                    for bound in one.bounds
                ],
                "result": None if one.result is None else one.result.model_dump(),
            }
            for one in rows
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"

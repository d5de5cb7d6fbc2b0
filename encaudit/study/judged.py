"""Claim, statistic and verdict side by side, as page, JSON and terminal show them."""

from dataclasses import dataclass

from encaudit.study.bounds import Bound, Judgement, overall
from encaudit.study.claims import BY_KEY, ROWS
from encaudit.study.folder import StudyFolder
from encaudit.study.results import Measure, RowResult
from encaudit.study.tasks import Row


@dataclass(frozen=True)
class JudgedBound:
    """A bound with what was measured (None: nothing) and what follows."""

    bound: Bound
    words: str
    measure: Measure | None
    judgement: Judgement


@dataclass(frozen=True)
class JudgedRow:
    """A row of the paper; ``result`` None: it was not carried out."""

    row: Row
    result: RowResult | None
    bounds: list[JudgedBound]
    verdict: Judgement


def judged_rows(folder: StudyFolder) -> list[JudgedRow]:
    """Judge every row by what is in the folder."""
    results = {row.key: result for row in ROWS if (result := folder.result(row.key)) is not None}
    judged = []
    for row in ROWS:
        result = results.get(row.key)
        bounds = [
            JudgedBound(
                bound,
                _words(bound),
                None if result is None else result.measures.get(bound.measure),
                bound.judge(results, row.key),
            )
            for bound in row.bounds
        ]
        judged.append(JudgedRow(row, result, bounds, overall(one.judgement for one in bounds)))
    return judged


def _words(bound: Bound) -> str:
    """Say a bound as a reader knows the rows: by their figures."""
    words = str(bound)
    return words if bound.row is None else words.replace(bound.row, f"that of {BY_KEY[bound.row].name}")

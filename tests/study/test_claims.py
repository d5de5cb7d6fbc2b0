"""The table of rows holds every figure of the paper, and names only rows and measures that there are."""

import re

from encaudit.study.claims import BY_KEY, KEY_OF, ROWS, needed_by
from encaudit.study.options import chosen_rows

FIGURES = {3, 5, *range(7, 12), *range(12, 20), *range(21, 27)}


def test_every_figure_of_the_paper_has_a_row() -> None:
    told = {int(number) for row in ROWS for number in re.findall(r"\d+", row.figures) if "Table" not in row.figures}
    assert told >= FIGURES
    assert "Table 1" in {row.figures for row in ROWS}


def test_rows_are_told_apart_and_claim_something() -> None:
    assert len(BY_KEY) == len(ROWS)
    assert all(row.bounds and row.claim.endswith(".") for row in ROWS)


def test_rows_that_are_needed_exist_and_come_along() -> None:
    assert all(set(needed_by(row.key)) <= set(BY_KEY) for row in ROWS)
    assert chosen_rows(()) == [row.key for row in ROWS]
    assert chosen_rows(("fig26",)) == ["fig22", "fig3", "fig7", "fig25", "fig26"]
    assert chosen_rows(("fig5",)) == ["fig22", "fig3", "fig3-seed", "fig5"]  # the seeds are the floor of its agreement
    assert chosen_rows(("table1",)) == ["table1"]


def test_every_figure_names_its_row() -> None:
    assert set(KEY_OF) >= {f"fig{number}" for number in FIGURES} | set(BY_KEY)
    assert chosen_rows(("fig12", "fig20")) == chosen_rows(("fig13", "fig3"))

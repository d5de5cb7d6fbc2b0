"""`encaudit compare` writes a page, numbers and a row for each image; bad input is one sentence and writes nothing."""

import csv
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import encaudit.cli
from encaudit.report.headline import number
from tests.comparing.planted_runs import GAIN, MU, D, N, losses, write_five, write_run


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object, columns: int = 140) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "compare", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_everything_is_written_and_the_tables_go_to_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, *write_five(tmp_path), "--volumes", 0, "-o", out) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "Null run: null. Base run: vae." in said.err
    assert f"Comparison: {out}/comparison.html" in said.err
    assert {path.name for path in out.iterdir()} == {
        "comparison.html",
        "comparison.json",
        "particles.csv",
        "figures",
    }
    document = json.loads((out / "comparison.json").read_text())
    assert document["schema"] == 1
    twin = next(one for one in document["runs"] if one["name"] == "twin")
    assert twin["measures"]["memorisation_index"]["value"]["median"] == pytest.approx(0.4)
    assert twin["measures"]["twin_dependence_nats"]["unit"] == "nats"
    assert [pair["seeds"] for pair in document["pairs"]] == [True, False, False, False]
    with open(out / "particles.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(MU)
    assert float(rows[5]["vlt/reconstruction"]) > 0


def test_the_page_holds_all_and_loads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, *write_five(tmp_path), "--volumes", 0, "-o", out) == 0
    page = (out / "comparison.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    for name in ("null", "vae", "vae-seed1", "vlt", "twin", "twin (real images)"):
        assert name in page
    assert page.count("data:image/png;base64,") == 2
    assert "cluster by cluster" in page
    assert "differ by their seed alone" in page
    assert 'title="its loss' not in page


def test_a_dash_prints_the_numbers_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    paths = write_five(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(monkeypatch, *paths, "--volumes", 0, "-o", "-") == 0
    assert json.loads(capsys.readouterr().out)["pairs"][0]["reference"] == "vae"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_comparison_is_replaced_by_another_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    paths, out = write_five(tmp_path), tmp_path / "out"
    assert run(monkeypatch, *paths, "--volumes", 0, "-o", out) == 0
    assert run(monkeypatch, *paths[:3], "--volumes", 0, "-o", out) == 0
    assert len(json.loads((out / "comparison.json").read_text())["runs"]) == 3
    capsys.readouterr()
    assert run(monkeypatch, *paths, "--volumes", 0, "-o", paths[1]) == 2  # a run itself
    assert "was not made by encaudit" in capsys.readouterr().err
    assert (Path(paths[1]) / "z.pkl").is_file()


def test_runs_that_share_next_to_nothing_still_make_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    few = [write_run(tmp_path / name, "vae", MU[:5]) for name in ("a", "b")]
    assert run(monkeypatch, *few, "-o", tmp_path / "out") == 0
    assert "skipped" in (tmp_path / "out" / "comparison.html").read_text()
    assert "vae, seed 0, 2 epochs" in capsys.readouterr().err  # the runs are named all the same


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a"], "name two or more"),
        (["a", "nowhere"], "nowhere is no folder"),
        (["a", "b", "--null", "c"], "Unknown run for --null"),
        (["a", "b", "--labels", "c"], "No file at c"),
        (["a", "b", "--volumes", "-1"], "--volumes"),
        (["a", "b", "-o", ""], "-o is empty"),
        ([], "A B ..."),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name, "vae", MU)
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


@pytest.mark.parametrize("width", [30, 60, 80, 97, 120, 200])
def test_no_cell_is_cut_and_no_column_left_out_however_wide_the_terminal_is(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    paths = write_five(tmp_path)
    capsys.readouterr()
    assert run(monkeypatch, *paths, "--volumes", 0, "-o", tmp_path / "out", columns=width) == 0
    said = capsys.readouterr().err
    tables = said[: said.index("note Null run")]
    assert "…" not in said
    if width >= 60:
        assert max(map(len, tables.splitlines())) <= width
    assert all(tables.count(title) >= 1 for title in ("net", "(share)", "(nats)", "reconstruction", "(R²)", "(ARI)"))
    cells = set(re.split(r"\s+", tables))
    document = json.loads((tmp_path / "out" / "comparison.json").read_text())
    for one in (*document["runs"], *document["pairs"]):
        for name, measure in one["measures"].items():
            value = measure["value"]
            if "median" in value:
                digits = 6 if name == "reconstruction" else 3
                short = number(value["median"]) if digits == 3 else f"{value['median']:.6g}"
                assert {short, f"{short}*"} & cells, (name, short)
            if value.get("ci_low") is not None:
                assert f"{number(value['ci_low'])}–{number(value['ci_high'])}" in cells, name


def test_the_page_has_every_column_in_tables_that_fit_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, *write_five(tmp_path), "--volumes", 0, "-o", tmp_path / "out") == 0
    page = (tmp_path / "out" / "comparison.html").read_text()
    headings = [re.findall(r"<th[^>]*>(.*?)</th>", one) for one in re.findall(r"<thead>(.*?)</thead>", page)]
    of_runs = [titles[1:] for titles in headings if titles[0] == "run"]
    assert [title for titles in of_runs for title in titles] == [
        *("E", "E net", "m", "T (share)", "T (nats)", "K", "KL (nats)", "reconstruction")
    ]
    assert max(map(len, of_runs)) <= 6


def test_what_is_not_measured_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    twin = losses(0)
    twin["reconstruction_reshuffled"] = twin["reconstruction"] + GAIN
    frozen = {"init": "zero", "freeze": True}
    null = write_run(tmp_path / "null", "vlt", np.zeros((N, D)), losses(0), options=frozen, travel=0.0)
    vae = write_run(tmp_path / "vae", "vae", MU, losses(-GAIN))
    shown = write_run(tmp_path / "twin", "twin", MU, twin, twin_mu=MU[::-1])
    out = tmp_path / "out"
    assert run(monkeypatch, null, vae, shown, "--volumes", 0, "-o", out, columns=500) == 0
    said = capsys.readouterr().err
    line = (
        "E (explained_heterogeneity), E net (explained_heterogeneity_loss), m (memorisation_index), T (share) "
        "(twin_dependence): not measured, the run to measure by is not surely better than the null run"
    )
    after = "T (nats) is the rise of the loss by itself, and needs no gain to be a share of."
    assert line in said and after in said
    assert "train both longer" in said and "or on more images" in said
    page = (out / "comparison.html").read_text()
    assert line in page and after in page
    assert run(monkeypatch, vae, shown, "--volumes", 0, "-o", out, columns=500) == 0
    said = capsys.readouterr().err
    assert "No null run is among these, so losses have no scale. A null run has one latent for all images: add" in said
    assert "--base" not in said

"""`encaudit compare` writes a page, numbers and a row for each image; bad input is one sentence and writes nothing."""

import csv
import json
import re
import sys
from pathlib import Path

import pytest

import encaudit.cli
from tests.comparing.planted_runs import MU, write_five, write_run


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "compare", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "140")
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


def test_runs_that_share_next_to_nothing_still_make_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [write_run(tmp_path / name, "vae", MU[:5]) for name in ("a", "b")]
    assert run(monkeypatch, *few, "-o", tmp_path / "out") == 0
    assert "skipped" in (tmp_path / "out" / "comparison.html").read_text()


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

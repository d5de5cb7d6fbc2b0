"""`encaudit compare` of audits writes a page and numbers; bad input is one sentence and writes nothing."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import encaudit.cli
from tests.architectures.planted_audits import MEASURED, write_audit
from tests.comparing.planted_runs import MU, write_run


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["encaudit", "compare", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "140")
    with pytest.raises(SystemExit) as stopped:
        encaudit.cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    return [write_audit(tmp_path / name, moved) for name, moved in (("a", 0.0), ("b", 0.5), ("c", -0.5))]


def test_everything_is_written_and_the_table_goes_to_stderr(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, *three, "-o", out) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "b against a: 400 images" in said.err and "worse" in said.err
    assert f"Comparison: {out}/comparison.html" in said.err
    assert {str(path.relative_to(out)) for path in out.rglob("*.*")} == {
        "comparison.html",
        "comparison.json",
        "figures/differences.1.png",
        "figures/differences.2.png",
    }
    document = json.loads((out / "comparison.json").read_text())
    assert (document["schema"], document["kind"]) == (1, "audits")
    rows = [row for row in document["pairs"][1]["rows"] if row["metric"] == "displacement_ratio"]
    assert rows[0]["verdict"] == "better" and rows[0]["change"] == pytest.approx(-0.05)
    page = (out / "comparison.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert page.count("data:image/png;base64,") == 2
    for words in ("b against a", "c against a", "no difference to speak of", "Controls", "What was not compared"):
        assert words in page


def test_an_audit_is_like_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    audits = [write_audit(tmp_path / name, 0.0) for name in ("a", "b")]
    assert run(monkeypatch, *audits, "-o", tmp_path / "out") == 0
    said = capsys.readouterr().err
    assert re.search(r"roll1: (\d+) undecided \(\1 of these alike: no difference to speak of\)", said)
    assert "better" not in said and "worse" not in said


def test_audits_of_which_nothing_can_be_compared_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    others = tuple(replace(one, version=9) for one in MEASURED)
    audits = [write_audit(tmp_path / "a", 0.0), write_audit(tmp_path / "b", 0.0, measured=others)]
    assert run(monkeypatch, *audits, "-o", tmp_path / "out") == 2
    assert "Nothing of" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_dash_prints_the_numbers_and_writes_nothing(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run(monkeypatch, *three, "-o", "-") == 0
    assert json.loads(capsys.readouterr().out)["pairs"][0]["other"] == "b"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_comparison_of_audits_replaces_one_of_runs_and_the_other_way_round(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [write_run(tmp_path / "runs" / name, "vae", MU) for name in ("a", "b")]
    out = tmp_path / "out"
    assert run(monkeypatch, *runs, "-o", out) == 0
    assert run(monkeypatch, *three, "-o", out) == 0
    assert not (out / "particles.csv").exists() and not (out / "figures/latents.png").exists()
    assert run(monkeypatch, *runs, "-o", out) == 0
    assert (out / "particles.csv").exists() and not (out / "figures/differences.1.png").exists()


def test_latents_of_audits_are_compared_when_asked_for(
    three: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, *three, "--latents", "-o", "-") == 2
    assert "latents.npz" in capsys.readouterr().err  # these audits have none


def test_audits_beside_a_run_are_compared_as_runs(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    of_training = write_run(tmp_path / "run", "vae", MU)
    assert run(monkeypatch, three[0], of_training, "-o", "-") == 2
    assert "latents.npz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a"], "name two or more"),
        (["a", "b", "a"], "named twice"),
        (["a", "b", "--base", "a"], "--base is for training runs"),
        (["a", "b", "-o", ""], "-o is empty"),
        (["a", "without"], "There is no without/particles.csv"),
        (["a", "damaged"], "damaged/report.json is not JSON"),
        (["a", "elsewhere"], "other images"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    arguments: list[str],
    words: str,
    three: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    (write_audit(tmp_path / "without") / "particles.csv").unlink()
    (write_audit(tmp_path / "damaged") / "report.json").write_text("{")
    write_audit(tmp_path / "elsewhere", images="two")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_audits_are_compared_without_torch(three: list[Path], tmp_path: Path) -> None:
    program = (
        "import sys, encaudit.cli\n"
        f"sys.argv = ['encaudit', 'compare', {str(three[0])!r}, {str(three[1])!r}, '-o', {str(tmp_path / 'out')!r}]\n"
        "try:\n    encaudit.cli.main()\n"
        "except SystemExit as stopped:\n    assert stopped.code == 0, stopped.code\n"
        "assert not {'torch', 'pandas', 'sklearn'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

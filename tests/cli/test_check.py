"""`encaudit check`: 0 for as good, 1 for worse, 2 for what cannot be compared; the outputs whole or not at all."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import encaudit.cli
from encaudit.gate import accept
from encaudit.hashing import sha256_of
from encaudit.paired import Particles
from encaudit.report.baseline_document import to_json
from tests.gate.audits import particles, report, without, write_audit
from tests.plug_ins import example_installed

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line, in a folder of its own that has a .git, so that no other rules are found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / ".git").mkdir()

    def command(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["encaudit", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            encaudit.cli.main()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code

    return command


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """An audit, and baseline.json made of another training of the same encoder."""
    (tmp_path / "baseline.json").write_text(to_json(accept(report(0.3), particles(0.3, seed=1))))
    return write_audit(tmp_path / "good", report(0.301), particles(0.301, seed=2))


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    return write_audit(tmp_path / "worse", report(0.6), particles(0.6, seed=2))


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and said.err.startswith("encaudit: ")
    return said.err


def test_as_good_passes_and_worse_fails(run: Run, good: Path, worse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", good, "--baseline", "baseline.json") == 0
    said = capsys.readouterr()
    assert said.out == "" and "Rules: no file, preset recommended." in said.err and "The gate is passed" in said.err
    assert run("check", worse / "report.json", "--baseline", "baseline.json") == 1
    said = capsys.readouterr()
    assert "failed   displacement_ratio@roll1/max_increase" in said.err and "The gate is NOT passed" in said.err


def test_one_run_writes_every_output(run: Run, good: Path, worse: Path, tmp_path: Path) -> None:
    files = ["--json", "out/g.json", "--junit", "out/g.xml", "--sarif", "out/g.sarif", "--markdown", "out/g.md"]
    assert run("check", worse, "--baseline", "baseline.json", *files) == 1
    assert sorted(os.listdir(tmp_path / "out")) == ["g.json", "g.md", "g.sarif", "g.xml"]
    found = json.loads((tmp_path / "out" / "g.json").read_text())
    assert found["exit_code"] == 1 and found["provenance"]["baseline"] == "baseline.json"


def test_json_goes_to_standard_output_where_that_is_asked_for(
    run: Run, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", good, "--baseline", "baseline.json", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True


def test_the_summary_of_the_github_run_is_added_to(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert run("check", good, "--baseline", "baseline.json", "--markdown", "m.md") == 0
    assert summary.read_text() == "before\n" + (tmp_path / "m.md").read_text()


def test_a_summary_that_cannot_be_written_is_a_warning(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert run("check", good, "--baseline", "baseline.json") == 0
    assert f"$GITHUB_STEP_SUMMARY ({tmp_path}) takes no summary" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--junit", "--sarif", "--markdown"])
def test_an_output_that_cannot_be_written_is_refused_and_the_others_are_not_written(
    option: str, run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "--junit" if option == "--json" else "--json"
    assert run("check", good, "--baseline", "baseline.json", option, good, other, "other") == 2
    assert f"{good} cannot be written" in refusal(capsys)
    assert not (tmp_path / "other").exists()


def test_an_output_that_cannot_be_written_is_refused_before_a_checkpoint_is_probed(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weights.pkl").write_bytes(b"nothing")
    assert run("check", "weights.pkl", "--baseline", "baseline.json", "--json", "good/report.json/g.json") == 2
    assert "good/report.json/g.json cannot be written" in refusal(capsys)


def test_two_outputs_of_one_name_are_refused(run: Run, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", good, "--baseline", "baseline.json", "--json", "a", "--junit", "./a") == 2
    assert "same name" in refusal(capsys)


def test_an_output_within_another_is_refused(run: Run, good: Path, tmp_path: Path) -> None:
    assert run("check", good, "--baseline", "baseline.json", "--json", "a", "--junit", "a/b") == 2
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("place", ["baseline.json", "good/report.json", "good/particles.csv", "encaudit.toml"])
def test_what_is_read_is_never_written_over(
    place: str, run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "encaudit.toml").write_text("")
    before = (tmp_path / place).read_bytes()
    assert run("check", good, "--baseline", "baseline.json", "--markdown", place) == 2
    assert "is read by this check" in refusal(capsys)
    assert (tmp_path / place).read_bytes() == before


def test_the_audit_that_is_kept_is_not_written_over(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weights.pkl").write_bytes(b"")
    words = ("check", "weights.pkl", "--baseline", "baseline.json", "--output", "kept", "--json", "kept/report.json")
    assert run(*words) == 2
    assert "kept/report.json is in kept, which --output keeps the audit in" in refusal(capsys)


@pytest.mark.parametrize("wanted", [0, 1])
def test_the_outcome_stands_where_nobody_can_be_told(
    wanted: int, run: Run, good: Path, worse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stderr", Full())
    assert run("check", (good, worse)[wanted], "--baseline", "baseline.json") == wanted


def test_where_standard_output_takes_nothing_no_file_is_written(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("encaudit.cli.probe.to_stdout", full)
    assert run("check", good, "--baseline", "baseline.json", "--json", "-", "--junit", "j.xml") == 2
    assert not (tmp_path / "j.xml").exists()


@pytest.mark.parametrize("option", ["--baseline", "--config"])
def test_a_device_is_no_file(option: str, run: Run, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"--baseline": "baseline.json"} | {option: "/dev/zero"}
    assert run("check", good, *(word for pair in given.items() for word in pair)) == 2
    assert "/dev/zero is a device" in refusal(capsys)


def test_rules_of_max_and_min_need_no_baseline(run: Run, good: Path, tmp_path: Path) -> None:
    rules = 'preset = "none"\n[rules]\n"displacement_ratio@*" = { max = %s }\n'
    (tmp_path / "encaudit.toml").write_text(rules % 0.4)
    assert run("check", good) == 0
    (tmp_path / "strict.toml").write_text(rules % 0.2)
    assert run("check", good, "--config", "strict.toml") == 1


def test_a_preset_without_a_baseline_is_refused(run: Run, good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", good) == 2
    said = refusal(capsys)
    assert "--baseline FILE" in said and 'preset = "none"' in said


def test_an_empty_config_is_the_recommended_preset(
    run: Run, worse: Path, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "encaudit.toml").write_text("")
    assert run("check", worse, "--baseline", "baseline.json") == 1
    assert f"Rules: {tmp_path / 'encaudit.toml'}, preset recommended." in capsys.readouterr().err


def test_a_waiver_lets_the_worse_one_pass_until_its_day(
    run: Run, good: Path, worse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiver = '[[waivers]]\nid = "*"\nreason = "a trial"\nexpires = %s\n'
    (tmp_path / "encaudit.toml").write_text(waiver % "2999-01-01")
    assert run("check", worse, "--baseline", "baseline.json") == 0
    assert "more than a year from now" in capsys.readouterr().err
    (tmp_path / "encaudit.toml").write_text(waiver % "2020-01-01")
    assert run("check", worse, "--baseline", "baseline.json") == 1
    assert "expired on 2020-01-01" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('preset = "recomended"', "Did you mean 'recommended'"),
        ("[rules]\n'displacment_ratio@roll1' = { max = 1 }", "Did you mean 'displacement_ratio'"),
        ("[rules]\n'cka@rol1' = { max = 1 }", "Did you mean 'roll1'"),
        ("[rule]", "Did you mean 'rules'"),
        ("preset = ", "is not TOML"),
    ],
)
def test_rules_that_cannot_be_read_are_refused(
    text: str, words: str, run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "encaudit.toml").write_text(text)
    assert run("check", good, "--baseline", "baseline.json") == 2
    assert words in refusal(capsys)


def test_two_configs_side_by_side_are_refused(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "encaudit.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.encaudit]\n")
    assert run("check", good, "--baseline", "baseline.json") == 2
    assert "say which with --config FILE" in refusal(capsys)
    assert run("check", good, "--baseline", "baseline.json", "--config", "pyproject.toml") == 0


def test_a_report_of_another_particle_set_is_refused(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = replace(particles(0.3), index=np.arange(1, 201))
    write_audit(tmp_path / "other", report(0.3), images)
    assert run("check", tmp_path / "other", "--baseline", "baseline.json") == 2
    assert "particle set: image 0 in the baseline" in refusal(capsys)


def test_a_missing_metric_is_refused_and_a_skipped_one_fails(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_audit(tmp_path / "missing", without(report(), "elbo", None), particles())
    assert run("check", tmp_path / "missing", "--baseline", "baseline.json") == 2
    assert "The report has no elbo" in refusal(capsys)
    write_audit(tmp_path / "skipped", report(elbo="it has no decoder"), particles())
    assert run("check", tmp_path / "skipped", "--baseline", "baseline.json") == 1
    assert "it has no decoder" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999"])
def test_a_report_with_what_is_no_number_is_refused(
    value: str, run: Run, good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (good / "report.json").read_text()
    (good / "report.json").write_text(text.replace("0.301", value, 1))
    assert run("check", good, "--baseline", "baseline.json") == 2
    assert str(good / "report.json") in refusal(capsys)


def test_without_particles_the_check_is_wider_and_says_so(
    run: Run, good: Path, worse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (worse / "particles.csv").unlink()
    assert run("check", worse, "--baseline", "baseline.json") == 1
    assert "has no values image by image" in " ".join(capsys.readouterr().err.split())


def test_a_baseline_that_was_edited_is_refused(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(path.read_text().replace('"median": 0.3', '"median": 0.9', 1))
    assert run("check", good, "--baseline", path) == 2
    assert "was changed after encaudit wrote it" in refusal(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--baseline", "baseline.json"], "There is no nowhere"),
        (["good", "--baseline", "nowhere.json"], "There is no nowhere.json"),
        (["good", "--baseline", "good/report.json"], "is a report, not a baseline"),
        (["good", "--baseline", "baseline.json", "--config", "nowhere.toml"], "There is no nowhere.toml"),
        (
            ["good", "--baseline", "baseline.json", "--images", "a.mrcs", "--n", "5"],
            "--images, --n would change nothing",
        ),
        (["half", "--baseline", "baseline.json"], "half has no report.json"),
        ([], "Missing argument"),
    ],
)
def test_what_is_not_there_or_not_meant_is_refused(
    arguments: list[str], words: str, run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "particles.csv").write_text("index\n")
    assert run("check", *arguments) == 2
    assert words in refusal(capsys)


def test_a_defect_of_ours_is_neither_a_regression_nor_bad_input(
    run: Run, good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("encaudit.gate.check_report", None)
    assert run("check", good, "--baseline", "baseline.json") == 3
    assert "defect of encaudit" in capsys.readouterr().err


def test_a_hundred_thousand_particles_are_checked_on_the_sample_that_was_kept(run: Run, tmp_path: Path) -> None:
    n = 100_000
    images = dict(report().provenance["images"]) | {"n": n}
    hardness = np.random.default_rng(0).lognormal(0, 0.3, n)

    def audit(ratio: float, name: str) -> Path:
        columns = {
            f"{spec}/{quantity}": values
            for spec in ("roll1", "rot90")
            for quantity, values in (("displacement", ratio * hardness), ("random_distance", np.ones(n)))
        }
        return write_audit(
            tmp_path / name, report(ratio, images=images), Particles(np.arange(n), np.arange(n) // 100, columns, n)
        )

    assert run("baseline", audit(0.3, "a"), "-o", "large.json") == 0
    assert run("check", audit(0.301, "b"), "--baseline", "large.json", "--json", "g.json") == 0
    check = json.loads((tmp_path / "g.json").read_text())["checks"][0]
    assert "2,000 common images" in check["text"]
    assert run("check", audit(0.4, "c"), "--baseline", "large.json") == 1


def test_two_reports_are_compared_without_the_heavy_libraries(run: Run, good: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from encaudit.cli import main\n"
        "sys.argv = ['encaudit', 'check', 'good', '--baseline', 'baseline.json', '--json', 'g', '--junit', 'j',\n"
        "            '--sarif', 's', '--markdown', 'm']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as stopped:\n"
        "    assert stopped.code == 0, stopped.code\n"
        "heavy = {'torch', 'scipy', 'pandas', 'sklearn', 'matplotlib', 'umap', 'numba', 'cryodrgn'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    place = str(Path(encaudit.cli.__file__).parents[2])
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": place})


def test_a_checkpoint_is_probed_as_the_baseline_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nets.py").write_text(
        "import numpy, torch\n"
        "class Net:\n"
        "    scale = 1.0\n"
        "    def encode(self, images):\n"
        "        flat = images.reshape(len(images), -1)\n"
        "        return torch.stack([flat[:, ::3].mean(1), self.scale * flat[:, ::7].mean(1)], 1)\n"
        "def make():\n"
        "    return Net()\n"
    )
    np.save(tmp_path / "images.npy", np.random.default_rng(0).normal(size=(60, 8, 8)).astype(np.float32))
    monkeypatch.syspath_prepend(str(tmp_path))
    probe = ("module:nets:make", "--images", "images.npy")
    options = ("--n", "50", "--seed", "7", "-t", "mirror", "--no-controls", "--no-umap", "-o", "first")
    assert run("probe", *probe, *options) == 0
    assert run("baseline", "first", "-o", "baseline.json") == 0
    capsys.readouterr()
    assert run("check", *probe, "--baseline", "baseline.json", "--json", "-", "-o", "second") == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert {check["transform"] for check in checks} == {"mirror", None}
    again = json.loads((tmp_path / "second" / "report.json").read_text())["provenance"]
    assert (again["seed"], again["images"]["n"], again["transforms"]) == (7, 50, ["mirror"])
    assert run("check", *probe, "--baseline", "baseline.json", "--n", "40") == 2
    assert "number of images: 50 in the baseline, 40 now" in capsys.readouterr().err.splitlines()[-1]


@pytest.fixture
def gated(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """What names an encoder and its images; baseline.json was probed with options, a table and noise-free images."""
    (tmp_path / "nets.py").write_text(
        "def make():\n    return type('Net', (), {'encode': lambda self, images: images.flatten(1)[:, :30:7]})()\n"
    )
    images = np.random.default_rng(0).normal(size=(60, 8, 8)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "clean.npy", images / 2)
    (tmp_path / "table.csv").write_text("\n".join(["micrograph,batch", *(f"m{i // 6},{i % 3}" for i in range(60))]))
    monkeypatch.syspath_prepend(str(tmp_path))
    named = ("module:nets:make", "--images", "images.npy", "--metadata", "table.csv")
    options = ("--grid", "1", "--dose", "rotate", "--calibration", "none", "--channels", "1", "--volume-box", "8")
    asked = ("-t", "roll1", "-t", "roll:dx=1", "-t", "renoise:clean=clean.npy,snr=2", "--no-controls", "--no-umap")
    assert run("probe", *named, *options, *asked, "-o", "first") == 0
    assert run("baseline", "first", "-o", "baseline.json") == 0
    return named


def provenance_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text())["provenance"]


def test_a_checkpoint_is_probed_with_every_option_of_the_baseline_that_numbers_depend_on(
    run: Run, gated: tuple[str, ...], tmp_path: Path
) -> None:
    assert run("check", *gated, "--baseline", "baseline.json", "-o", "second") == 0
    first, second = provenance_in(tmp_path / "first"), provenance_in(tmp_path / "second")
    assert first["options"] == {
        "channels": 1,
        "dose": ["rotate"],
        "grid": 1,
        "calibration": "none",
        "volume_box": 8,
    }
    assert second["options"] == first["options"]
    assert second["transforms"] == first["transforms"] == ["roll1", "renoise:snr=2,clean=clean.npy"]
    (file,) = first["transform_files"]
    assert file == {"path": "clean.npy", "sha256": sha256_of([tmp_path / "clean.npy"])}


@pytest.mark.parametrize("name", ["clean.npy", "table.csv"])
def test_a_named_file_that_is_not_what_it_was_is_refused_before_anything_is_probed(
    name: str, run: Run, gated: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with open(tmp_path / name, "ab") as file:
        file.write(b"\n")
    assert run("check", *gated, "--baseline", "baseline.json", "-o", "second") == 2
    assert f"{name} has another content than the baseline's (SHA-256 " in refusal(capsys)
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    ("rule", "changed", "said"),
    [
        ("worst_case_ratio", ("--grid", "2"), "(--grid: 1 in the baseline, 2 in the report)"),
        ("leakage_batch", ("--metadata", "other.csv"), "(--metadata table.csv)"),
        ("beyond_renoise@roll1", ("clean",), "(clean.npy as it was)"),
        ("retrieval_rank@roll1", ("--channels", "3"), "--channels: 1 in the baseline, 3 now"),
    ],
)
def test_a_report_that_was_probed_otherwise_is_refused(
    rule: str,
    changed: tuple[str, ...],
    said: str,
    run: Run,
    gated: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "encaudit.toml").write_text(f'preset = "none"\n[rules]\n"{rule}" = {{ max_increase = 9 }}\n')
    table = (tmp_path / "table.csv").read_text()
    (tmp_path / "other.csv").write_text(table.replace("m1,", "m0,"))
    if changed == ("clean",):
        np.save(tmp_path / "clean.npy", np.load(tmp_path / "images.npy") / 3)
        changed = ()
    options = ("--grid", "1", "--calibration", "none", "--channels", "1", "--volume-box", "8", "-t", "roll1")
    asked = ("-t", "renoise:clean=clean.npy,snr=2", "--no-controls", "--no-umap")
    assert run("probe", *gated, *options, *asked, *changed, "-o", "other") == 0
    capsys.readouterr()
    assert run("check", "other", "--baseline", "baseline.json") == 2
    assert said in refusal(capsys)
    assert run("check", "first", "--baseline", "baseline.json") == 0


def test_what_a_plug_in_opens_is_probed_with_the_channels_of_the_baseline(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in example_installed(tmp_path / "site"):
        monkeypatch.syspath_prepend(str(place))
    np.save(tmp_path / "images.npy", np.random.default_rng(0).normal(size=(40, 8, 8)).astype(np.float32))
    probe = ("moments:3", "--images", "images.npy")
    options = ("--channels", "3", "-t", "mirror", "--no-controls", "--no-umap", "-o", "first")
    assert run("probe", *probe, *options) == 0
    assert run("baseline", "first", "-o", "baseline.json") == 0
    assert run("check", *probe, "--baseline", "baseline.json", "-o", "second") == 0
    again = json.loads((tmp_path / "second" / "report.json").read_text())["provenance"]
    assert again["checkpoint"]["channels"] == 3
    assert run("check", "nobody:3", "--images", "images.npy", "--baseline", "baseline.json") == 2
    assert "nobody:3" in capsys.readouterr().err.splitlines()[-1]


def test_a_checkpoint_that_cannot_be_probed_is_refused(
    run: Run, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weights.pkl").write_bytes(b"nothing")
    assert run("check", "weights.pkl", "--baseline", "baseline.json") == 2
    assert "weights.pkl" in capsys.readouterr().err

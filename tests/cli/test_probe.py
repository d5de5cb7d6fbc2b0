"""`encaudit probe` as a user types it."""

import csv
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import torch

from encaudit.cli import main
from tests.fresh_run import FreshRun, write_run

QUICK = ("--no-umap", "--volumes", "0", "--device", "cpu", "--no-controls")
CONTROLLED = (*QUICK, "--controls")  # the last one counts


def encaudit(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command line in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["encaudit", *map(str, arguments)])
    try:
        main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch):
    return lambda *arguments: encaudit("probe", *arguments, monkeypatch=monkeypatch)


def assert_refused(capsys: pytest.CaptureFixture, code: int) -> str:
    """The one sentence that a refusal prints."""
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert "Traceback" not in captured.err
    lines = [line for line in captured.err.splitlines() if line.startswith("encaudit: ")]
    assert len(lines) == 1, captured.err
    return lines[0]


def test_an_audit_writes_everything_that_the_design_promises(probe, run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = probe(run.checkpoint, "-t", "roll1", "-t", "rot90", "--no-umap", "--volumes", "2", "-o", out)
    assert code == 0
    assert {path.name for path in out.iterdir()} == {
        "report.json",
        "report.html",
        "latents.npz",
        "particles.csv",
        "figures",
        "volumes",
    }
    report = json.loads((out / "report.json").read_text())
    assert set(report) == {"schema", "provenance", "measurements", "findings", "verdicts"}
    assert report["schema"] == 1
    assert {m["transform"] for m in report["measurements"]} >= {"identity", "roll1", "rot90"}
    arrays = np.load(out / "latents.npz")
    assert {"mu", "logvar", "index", "roll1/mu", "roll1/logvar", "rot90/mu", "identity/mu"} <= set(arrays.files)
    np.testing.assert_array_equal(arrays["mu"], arrays["identity/mu"])
    with (out / "particles.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(30))
    moved = np.linalg.norm(arrays["roll1/mu"] - arrays["mu"], axis=1)
    np.testing.assert_allclose([float(row["roll1/displacement"]) for row in rows], moved, rtol=1e-4)
    assert {f"{spec}/{what}" for spec in ("roll1", "rot90") for what in ("displacement", "rank")} <= set(rows[0])
    volumes = list((out / "volumes").glob("*.mrc"))
    assert volumes
    with mrcfile.open(volumes[0]) as volume:
        assert volume.data.shape == (16, 16, 16)
        assert float(volume.voxel_size.x) == pytest.approx(4.0)
    assert (out / "report.html").read_text().count("data:image/png;base64,") >= 2
    assert list((out / "figures").glob("*.png"))


def test_the_default_folder_is_beside_the_checkpoint(probe, run: FreshRun) -> None:
    assert probe(run.checkpoint, "-t", "roll1", *QUICK) == 0
    assert (run.folder / "weights.encaudit" / "report.json").is_file()


def test_a_dash_prints_the_report_and_writes_nothing(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    before = sorted(run.folder.rglob("*"))
    assert probe(run.folder, "-t", "roll1", *QUICK, "-o", "-") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["provenance"]["seed"] == 0
    assert "roll1" in captured.err
    assert sorted(run.folder.rglob("*")) == before


def test_the_report_says_what_was_run_on_what(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    import hashlib

    probe(run.checkpoint, "-t", "roll1", *QUICK, "--seed", "4", "-o", "-")
    provenance = json.loads(capsys.readouterr().out)["provenance"]
    assert provenance["seed"] == 4
    assert provenance["device"] == "cpu"
    assert set(provenance["versions"]) >= {"python", "torch", "numpy", "cryodrgn"}
    for record, path in ((provenance["checkpoint"], run.checkpoint), (provenance["images"], run.particles)):
        assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_command_gives_the_same_numbers(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    found = []
    for _ in range(2):
        probe(run.checkpoint, "-t", "noise", "-t", "permutation", *QUICK, "-o", "-")
        found.append(json.loads(capsys.readouterr().out)["measurements"])
    assert found[0] == found[1]


def test_the_saved_z_is_compared_and_a_mismatch_warns(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", run.folder / "first")
    mu = np.load(run.folder / "first" / "latents.npz")["mu"]
    for shift, code in ((0.0, "saved-z-reproduced"), (0.5, "saved-z-differs")):
        (run.folder / "z.pkl").write_bytes(pickle.dumps(mu + np.float32(shift)))
        capsys.readouterr()
        probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", "-")
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert code in {finding["code"] for finding in findings}


def test_few_images_are_said_to_be_few_and_get_no_interval(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    assert probe(run.checkpoint, "--n", 7, "-t", "roll1", *QUICK, "-o", "-") == 0
    report = json.loads(capsys.readouterr().out)
    assert any("n = 7 is too few for intervals" in finding["text"] for finding in report["findings"])
    values = [m["value"] for m in report["measurements"] if "skipped" not in m["value"]]
    assert values
    assert all(value["ci_low"] is None and value["ci_high"] is None for value in values)


def report_of(capsys: pytest.CaptureFixture) -> dict:
    return json.loads(capsys.readouterr().out)


def test_controls_run_beside_what_was_asked_for(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    controls = ["roll1:frame=covariant", "permutation", "noise", "untrained+rot90", "renoise", "renoise:draw=1"]
    probe(run.checkpoint, "-t", "rot90", *CONTROLLED, "-o", "-")
    report = report_of(capsys)
    assert report["provenance"]["transforms"] == ["rot90"]
    assert report["provenance"]["controls"] == controls
    measured = {(m["metric"], m["transform"]) for m in report["measurements"] if "skipped" not in m["value"]}
    assert {("displacement_ratio", spec) for spec in ("rot90", *controls)} <= measured
    assert {("beyond_renoise", "rot90"), ("elbo_change", "rot90"), ("leakage_pose", None)} <= measured
    assert {("sbc_coverage_95", None), ("active_units", None), ("mutual_information", None)} <= measured
    (verdict,) = report["verdicts"]
    assert verdict["transform"] == "rot90"
    assert verdict["because"]


def test_no_controls_leaves_them_out(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    probe(run.checkpoint, "-t", "roll1", "--no-controls", *QUICK, "-o", "-")
    report = report_of(capsys)
    assert {m["transform"] for m in report["measurements"]} == {"identity", "roll1", None}
    assert report["provenance"]["controls"] == []


def test_the_decoder_is_asked_about_the_sample_alone(probe, run: FreshRun, tmp_path: Path) -> None:
    probe(run.checkpoint, "-t", "roll1", "--sample-n", "22", *CONTROLLED, "-o", tmp_path / "out")
    arrays = np.load(tmp_path / "out" / "latents.npz")
    assert len(arrays["mu"]) == 30
    assert len(arrays["renoise/mu"]) == len(arrays["renoise/index"]) == 22
    assert set(range(10)) < set(arrays["renoise/index"].tolist())  # those that the pictures number
    with (tmp_path / "out" / "particles.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(row["renoise/displacement"] == "" for row in rows) == 8
    assert all(float(row["stability"]) == pytest.approx(float(row["roll1/stability"]), abs=1e-6) for row in rows)


def test_another_seed_is_a_control_in_the_same_frame(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    other = write_run(tmp_path / "other", seed=1)
    probe(run.checkpoint, "-t", "roll1", "--other-seed", other.checkpoint, *QUICK, "-o", "-")
    report = report_of(capsys)
    found = {m["metric"]: m["value"] for m in report["measurements"] if m["transform"] == "other-seed"}
    assert found["displacement_ratio"]["median"] > 0
    assert "skipped" in found["posterior_kl"]
    assert "other-seed-differs" not in {one["code"] for one in report["findings"]}
    wider = write_run(tmp_path / "wider", zdim=5, seed=1)
    probe(run.checkpoint, "-t", "roll1", "--other-seed", wider.checkpoint, *QUICK, "-o", "-")
    (warned,) = (one for one in report_of(capsys)["findings"] if one["code"] == "other-seed-differs")
    assert warned["level"] == "warning"
    assert "z dimension (3 and 5)" in warned["text"]
    code = probe(run.checkpoint, "-t", "roll1", "--other-seed", run.checkpoint, *QUICK, "-o", "-")
    assert "it is the same network" in assert_refused(capsys, code)


def test_another_seed_of_another_box_is_refused(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    other = write_run(tmp_path / "other", box=24)
    code = probe(run.checkpoint, "-t", "roll1", "--other-seed", other.checkpoint, *QUICK, "-o", "-")
    assert "24 x 24" in assert_refused(capsys, code)


def test_doses_and_the_grid_have_numbers_of_their_own(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    probe(run.checkpoint, "-t", "roll1", "--dose", "roll", "--grid", "1", *QUICK, "-o", out)
    report = json.loads((out / "report.json").read_text())
    alone = {m["metric"] for m in report["measurements"] if m["transform"] is None}
    assert {"half_life_px", "worst_case_ratio"} <= alone
    assert "shift:dx=0.1" not in {m["transform"] for m in report["measurements"]}
    assert (out / "figures" / "dose.roll.png").is_file()
    assert "shift:dx=0.1/mu" in np.load(out / "latents.npz").files
    code = probe(run.checkpoint, "--dose", "rol", *QUICK, "-o", "-")
    assert "Did you mean 'roll'?" in assert_refused(capsys, code)


def test_metadata_name_micrographs_and_what_latents_should_not_hold(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    lines = [f"m{row % 6},{row * 0.1}" for row in range(30)]
    (tmp_path / "known.csv").write_text("\n".join(["micrograph,ice", *lines]))
    probe(run.checkpoint, "-t", "roll1", "--metadata", tmp_path / "known.csv", *QUICK, "-o", "-")
    report = report_of(capsys)
    assert {"leakage_micrograph", "leakage_ice"} <= {m["metric"] for m in report["measurements"]}
    assert report["provenance"]["groups"] == "micrographs"
    (tmp_path / "known.csv").write_text("micrograph\nm1")
    code = probe(run.checkpoint, "--metadata", tmp_path / "known.csv", *QUICK, "-o", "-")
    assert "1 rows" in assert_refused(capsys, code)


@pytest.mark.parametrize("names", ["m", ""])
def test_one_micrograph_is_too_few_and_none_known_is_no_grouping(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture, names: str
) -> None:
    (tmp_path / "known.csv").write_text("\n".join(["micrograph,row", *(f"{names},{row}" for row in range(30))]))
    probe(run.checkpoint, "-t", "roll1", "--metadata", tmp_path / "known.csv", *QUICK, "-o", "-")
    report = report_of(capsys)
    (verdict,) = report["verdicts"]
    assert (verdict["code"] == "too-few-images") == bool(names)
    assert report["provenance"]["groups"] == ("micrographs" if names else None)


def test_an_image_of_an_unknown_micrograph_stands_alone(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    lines = [f"{'' if row % 3 else f'm{row % 6}'},{'' if row % 2 else 'a'}" for row in range(30)]
    (tmp_path / "known.csv").write_text("\n".join(["micrograph,state", *lines]))
    probe(run.checkpoint, "-t", "roll1", "--metadata", tmp_path / "known.csv", *QUICK, "-o", "-")
    report = report_of(capsys)
    values = {m["metric"]: m["value"] for m in report["measurements"] if m["transform"] is None}
    assert "20 of 30 images have no value" in values["leakage_micrograph"]["skipped"]
    assert "15 of 30 images have no value" in values["leakage_state"]["skipped"]
    assert report["verdicts"][0]["code"] != "too-few-images"  # 2 micrographs, and 20 images of their own
    assert any("leave values open" in finding["text"] for finding in report["findings"])


def test_a_column_cannot_take_the_place_of_what_is_measured_anyway(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "known.csv").write_text("\n".join(["contrast", *map(str, range(30))]))
    code = probe(run.checkpoint, "--metadata", tmp_path / "known.csv", *QUICK, "-o", "-")
    assert "column contrast" in assert_refused(capsys, code)


def test_the_second_draw_brings_the_first_that_it_is_compared_with(
    probe, run: FreshRun, capsys: pytest.CaptureFixture
) -> None:
    probe(run.checkpoint, "-t", "renoise:draw=1", "-t", "roll1", "--no-controls", *QUICK, "-o", "-")
    assert "renoise" in {m["transform"] for m in report_of(capsys)["measurements"]}


def test_noise_free_images_of_another_order_are_noticed(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    for name, images in (("right", run.images), ("wrong", run.images[rng.permutation(30)])):
        np.save(tmp_path / f"{name}.npy", images)
        spec = f"renoise:clean={tmp_path / name}.npy"
        probe(run.checkpoint, "-t", "roll1", "-t", spec, *QUICK, "-o", "-")
        codes = {finding["code"] for finding in report_of(capsys)["findings"]}
        assert ("clean-images-unlike" in codes) == (name == "wrong")


@pytest.mark.parametrize("option", [("--dose", "roll"), ("--grid", "1")])
def test_a_sample_too_small_for_doses_is_named_before_any_work(
    probe, run: FreshRun, capsys: pytest.CaptureFixture, option: tuple[str, str]
) -> None:
    assert "--sample-n 3" in assert_refused(capsys, probe(run.checkpoint, *option, "--sample-n", "3", *QUICK))


def test_an_encoder_that_draws_at_random_is_told_so(
    probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    code = "import torch\nclass E:\n    def encode(self, images):\n        return torch.randn(len(images), 2)\n"
    (tmp_path / "random_of_test.py").write_text(code)
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((25, 8, 8)))
    monkeypatch.chdir(tmp_path)
    refused = probe("module:random_of_test:E", "--images", "images.npy", *QUICK)
    assert "two different latents" in assert_refused(capsys, refused)


def test_bad_images_are_named_and_the_run_goes_on(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    run.images[3, 0, 0] = np.nan
    run.images[11] = 0
    run.particles.write_bytes(run.particles.read_bytes()[:1024] + run.images.tobytes())
    assert probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", "-") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["provenance"]["images"]["left_out"] == 2
    text = next(f["text"] for f in report["findings"] if f["code"] == "images-left-out")
    assert "image 3:" in text
    assert "image 11:" in text


def test_a_run_of_the_default_transforms_uses_the_designs_set(
    probe, run: FreshRun, capsys: pytest.CaptureFixture
) -> None:
    probe(run.checkpoint, *CONTROLLED, "-o", "-")
    provenance = report_of(capsys)["provenance"]
    assert provenance["transforms"] == ["roll1", "rot90", "rot90:frame=array", "permutation", "noise"]
    assert "renoise" in provenance["controls"]


MODULE = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.line = torch.nn.Linear(64, 3)
    def encode(self, images):
        return self.line(images.flatten(1))

def make():
    return Net()
"""


def test_a_users_own_module(probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_encoder_of_test.py").write_text(MODULE)
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((25, 8, 8)))
    monkeypatch.chdir(tmp_path)
    assert probe("module:my_encoder_of_test:make", "--images", "images.npy", *QUICK) == 0
    report = json.loads((tmp_path / "my_encoder_of_test.make.encaudit" / "report.json").read_text())
    assert report["provenance"]["transforms"] == ["roll1", "rot90", "permutation", "noise"]


def test_a_torchscript_file(probe, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces TorchScript's retirement at every call
        net = torch.jit.trace(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)), torch.zeros(2, 8, 8))
        torch.jit.save(net, str(tmp_path / "net.pt"))
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((25, 8, 8)))
    assert probe(tmp_path / "net.pt", "--images", tmp_path / "images.npy", *QUICK, "-o", "-") == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["checkpoint"]["kind"] == "torchscript"


# Bad input: one sentence, exit code 2, and nothing left behind.


def test_an_unknown_transform_offers_the_nearest(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    assert "Did you mean 'mirror'?" in assert_refused(capsys, probe(run.checkpoint, "-t", "miror", *QUICK))


def truncate(run: FreshRun) -> None:
    run.particles.write_bytes(run.particles.read_bytes()[:-1000])


def shorten_header(run: FreshRun) -> None:
    content = bytearray(run.particles.read_bytes())
    content[8:12] = np.int32(99).tobytes()  # nz
    run.particles.write_bytes(bytes(content))


def other_box(run: FreshRun) -> None:
    mrcfile.write(run.particles, np.random.default_rng(0).normal(size=(30, 20, 20)).astype(np.float32), overwrite=True)


def short_poses(run: FreshRun) -> None:
    (run.folder / "poses.pkl").write_bytes(pickle.dumps((run.rotations[:-2], run.fractions[:-2])))


def short_ctf(run: FreshRun) -> None:
    (run.folder / "ctf.pkl").write_bytes(pickle.dumps(run.ctf[:-2]))


def gone(run: FreshRun) -> None:
    run.particles.unlink()


def other_config(run: FreshRun) -> None:
    run.config["model_args"]["qdim"] = 24
    run.save_config()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncate, "particles.mrcs"),
        (shorten_header, "99"),
        (other_box, "20 x 20"),
        (short_poses, "28"),
        (short_ctf, "28"),
        (gone, "/data/elsewhere/particles.mrcs"),
        (other_config, "config disagrees with the weights"),
    ],
)
def test_input_that_does_not_fit_is_one_sentence_and_no_folder(
    probe, run: FreshRun, capsys: pytest.CaptureFixture, spoil, said: str
) -> None:
    spoil(run)
    before = sorted(run.folder.iterdir())
    assert said in assert_refused(capsys, probe(run.checkpoint, "-t", "roll1", *QUICK))
    assert sorted(run.folder.iterdir()) == before


def test_an_index_out_of_range_is_refused(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    (run.folder / "ind.pkl").write_bytes(pickle.dumps(np.array([0, 30])))
    message = assert_refused(capsys, probe(run.checkpoint, "--ind", run.folder / "ind.pkl", "-t", "roll1", *QUICK))
    assert "30" in message


def test_a_malicious_pickle_is_refused_and_not_executed(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    marker = run.folder / "executed"

    class Evil:
        def __reduce__(self) -> tuple:
            return os.system, (f"touch {marker}",)

    for name in ("poses.pkl", "ctf.pkl", "weights.pkl"):
        good = (run.folder / name).read_bytes()
        (run.folder / name).write_bytes(pickle.dumps(Evil()))
        assert "--trust-pickle" in assert_refused(capsys, probe(run.checkpoint, "-t", "roll1", *QUICK))
        (run.folder / name).write_bytes(good)
    assert not marker.exists()


def test_a_folder_that_is_not_ours_is_refused_before_any_work(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.tex").write_text("precious")
    assert "--force" in assert_refused(capsys, probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", out))
    assert probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", out, "--force") == 0
    assert (out / "chapter1.tex").read_text() == "precious"
    assert (out / "report.json").is_file()


def test_force_leaves_every_file_of_another_name_alone(probe, run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    mine = ("figures/paper.pdf", "volumes/map.mrc", "volumes/particle_best.mrc", "notes.txt")
    for name in mine:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("precious")
    for volumes in ("1", "0"):  # into a foreign folder, then over our own files in it
        assert probe(run.checkpoint, "-t", "roll1", "--no-umap", "--volumes", volumes, "-o", out, "--force") == 0
    left = [name for name in mine if (out / name).is_file()]
    assert left == ["figures/paper.pdf", "volumes/map.mrc", "volumes/particle_best.mrc", "notes.txt"]
    assert not list((out / "volumes").glob("particle0*.mrc"))


@pytest.mark.parametrize("where", ["file/sub", "loop", "x" * 245, "file"])
def test_an_output_that_cannot_be_a_folder_is_refused_before_any_work(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture, where: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert_refused(capsys, probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", tmp_path / where))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    probe, run: FreshRun, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    message = assert_refused(capsys, probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", tmp_path / "new" / "out"))
    assert "No space left on device" in message
    assert not (tmp_path / "new").exists()


def test_what_a_module_prints_does_not_spoil_the_json(
    probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "chatty_of_test.py").write_text('print("imported!")' + MODULE)
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((25, 8, 8)))
    monkeypatch.chdir(tmp_path)
    assert probe("module:chatty_of_test:make", "--images", "images.npy", *QUICK, "-o", "-") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["schema"] == 1
    assert "imported!" in captured.err


def test_our_own_folder_is_replaced_whole(probe, run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    probe(run.checkpoint, "-t", "roll1", "--no-umap", "--volumes", "1", "-o", out)
    assert (out / "volumes").is_dir()
    probe(run.checkpoint, "-t", "roll1", *QUICK, "-o", out)
    assert not (out / "volumes").exists()
    assert [path for path in tmp_path.iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "tpu"), "--device tpu"),
        (("--batch-size", "0"), "--batch-size 0"),
        (("--batch-size", "many"), "--batch-size many"),
        (("--n", "0"), "--n 0"),
        (("--volume-box", "7"), "--volume-box 7"),
        (("--encoder", "cryodrg"), "'cryodrgn'"),
        (("-t", "roll1:frame=covarient"), "covariant"),
        (("-t", "addnoise:snr=0"), "snr"),
    ],
)
def test_options_out_of_range_are_refused(
    probe, run: FreshRun, capsys: pytest.CaptureFixture, arguments: tuple, said: str
) -> None:
    assert said in assert_refused(capsys, probe(run.checkpoint, "--no-umap", *arguments))


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for CUDA where there is none")
def test_asking_for_cuda_without_one_says_so(probe, run: FreshRun, capsys: pytest.CaptureFixture) -> None:
    assert "no CUDA device" in assert_refused(capsys, probe(run.checkpoint, "--no-umap", "--device", "cuda"))


def test_help_loads_no_torch_and_nothing_heavy() -> None:
    program = """
import sys
import encaudit.cli
sys.argv = ["encaudit", "--help"]
try:
    encaudit.cli.main()
finally:
    print(*sorted({name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "encaudit" in loaded
    assert not loaded & {"torch", "numpy", "matplotlib", "umap", "pandas", "cryodrgn"}


def test_the_table_of_the_shared_ribosome_is_reproduced(probe, shared_data: Path, tmp_path: Path) -> None:
    folder, out = shared_data / "ribosome", tmp_path / "out"
    specs = ["roll1", "roll:dx=1,frame=covariant", "rot90", "rot90:frame=array", "rot90:frame=centred", "permutation"]
    asked = [word for spec in specs for word in ("-t", spec)]
    images = ("--images", folder / "particles.mrcs", "--poses", folder / "poses.pkl", "--ctf", folder / "ctf.pkl")
    assert probe(folder / "run" / "weights.pkl", *images, *asked, *QUICK, "--sample-n", "0", "-o", out) == 0
    arrays = np.load(out / "latents.npz")
    with (folder / "run" / "z.pkl").open("rb") as file:
        np.testing.assert_allclose(arrays["mu"], pickle.load(file), atol=1e-5)
    with (out / "particles.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = {  # mean displacement / mean random-pair distance; mean rank over the first 1,000 particles
        "roll1": (0.830, 0.331),
        "roll1:frame=covariant": (0.061, 0.000),
        "rot90": (0.755, 0.298),
        "rot90:frame=array": (0.896, 0.348),
        "rot90:frame=centred": (0.836, 0.332),
    }
    difference = arrays["mu"][:, None, :] - arrays["mu"][None, ::3, :]
    random_pair = np.linalg.norm(difference, axis=2).mean()
    for spec, (ratio, rank) in expected.items():
        displacement = np.array([float(row[f"{spec}/displacement"]) for row in rows])
        ranks = np.array([float(row[f"{spec}/rank"]) for row in rows[:1000]])
        assert displacement.mean() / random_pair == pytest.approx(ratio, abs=0.01), spec
        assert ranks.mean() == pytest.approx(rank, abs=0.01), spec


def test_a_tilt_series_is_audited_particle_by_particle(probe, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    import pandas as pd
    import starfile

    run = write_run(tmp_path / "run", mode="tilt", n=30)
    names = [f"{i + 1}@particles.mrcs" for i in range(30)]
    table = {"rlnImageName": names, "rlnGroupName": [f"p{i // 3}" for i in range(30)], "rlnCtfScalefactor": 1.0}
    starfile.write(pd.DataFrame(table), run.folder / "particles.star")
    assert probe(run.checkpoint, "--images", run.folder / "particles.star", "-t", "roll1", *QUICK, "-o", "-") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["provenance"]["images"]["n"] == 10
    assert report["provenance"]["images"]["shape"] == [3, 16, 16]

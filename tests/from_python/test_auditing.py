"""encaudit.audit: the audit of the command line, of objects of a program, which are left as they were."""

import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import encaudit
from encaudit.cli import main
from encaudit.encoders.planted import Constant, PowerSpectrum
from encaudit.errors import InputError, UnknownNameError, UnstableEncoderError
from encaudit.report.document import to_json
from encaudit.results import Report
from tests.fresh_run import FreshRun
from tests.from_python.networks import Network, build, images

QUICK: dict[str, Any] = {"umap": False, "controls": False}


def probed(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["encaudit", "probe", *map(str, arguments), "--no-umap"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0


@pytest.mark.parametrize("kind", ["numpy", "torch", "eight bits"])
def test_the_numbers_are_those_of_the_command_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    shown = (images() * 20 + 100).clip(0, 255).astype(np.uint8) if kind == "eight bits" else images()
    np.save(tmp_path / "images.npy", shown)
    typed = ("module:tests.from_python.networks:build", "--images", tmp_path / "images.npy", "-t", "roll1", "--seed", 5)
    probed(monkeypatch, *typed, "-o", "-")
    by_command = json.loads(capsys.readouterr().out)
    given = torch.from_numpy(shown) if kind == "torch" else shown
    found = json.loads(to_json(encaudit.audit(build(), given, ["roll1"], seed=5, umap=False)))
    for part in ("schema", "measurements", "findings", "verdicts"):
        assert found[part] == by_command[part]
    ours, theirs = found["provenance"], by_command["provenance"]
    for part in ("sample", "controls", "transforms", "seed", "batch_size"):
        assert ours[part] == theirs[part]
    assert ours["images"].pop("path") == f"an array of 40 x 12 x 12 ({shown.dtype})"
    assert ours["images"].pop("files") == 0
    del theirs["images"]["path"], theirs["images"]["files"]
    assert ours["images"] == theirs["images"]


def test_what_is_saved_is_what_the_command_line_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "images.npy", images())
    typed = ("module:tests.from_python.networks:build", "--images", tmp_path / "images.npy", "-t", "roll1")
    probed(monkeypatch, *typed, "--no-controls", "-o", tmp_path / "command")
    encaudit.audit(build(), images(), "roll1", **QUICK).save(tmp_path / "saved")
    written = {path.relative_to(tmp_path / "command") for path in (tmp_path / "command").rglob("*")}
    assert {path.relative_to(tmp_path / "saved") for path in (tmp_path / "saved").rglob("*")} == written
    for name in ("particles.csv", "latents.npz"):
        assert (tmp_path / "saved" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()


def test_the_result_is_a_report_with_tables_and_a_text() -> None:
    report = encaudit.audit(build(), images(), ["roll1", "rot90"], **QUICK)
    assert isinstance(report, Report) and encaudit.Report is Report
    frame = report.frame()
    assert len(frame) == len(report.measurements)
    row = frame[(frame["metric"] == "displacement_ratio") & (frame["transform"] == "roll1")].iloc[0]
    assert row["ci_low"] < row["median"] < row["ci_high"] and row["floor"] == 0 and row["ceiling"] == 1
    one = next(one for one in report.measurements if one.metric == "active_units")
    assert frame[frame["metric"] == "active_units"]["transform"].isna().all() and one.transform is None
    assert list(report.particles["index"]) == list(range(40))
    assert (report.particles["rot90/displacement"] > 0).all()
    for text in (str(report), repr(report)):
        assert "displacement" in text and "rot90" in text and "identity (floor)" in text
    assert report.provenance["command"].startswith("encaudit.audit('tests.from_python.networks:Network', 'an array of ")


def test_a_measure_that_was_skipped_says_why_in_the_frame() -> None:
    frame = encaudit.audit(lambda shown: shown.flatten(1)[:, :3], images(), "roll1", **QUICK).frame()
    skipped = frame[(frame["metric"] == "posterior_kl") & (frame["transform"] == "roll1")].iloc[0]
    assert "logvar" in skipped["skipped"] and np.isnan(skipped["median"])
    assert frame[frame["metric"] == "displacement_ratio"]["skipped"].isna().all()


def test_a_module_is_audited_in_evaluation_mode_and_left_as_it_was() -> None:
    network = build()
    network.out.eval()  # a mode of each part
    images_ = torch.from_numpy(images())
    network.out(images_.flatten(1)).sum().backward()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    gradients = [None if one.grad is None else one.grad.clone() for one in network.parameters()]
    modes = [part.training for part in network.modules()]
    network.register_forward_pre_hook(lambda *_: random.seed(np.random.randint(9)))  # noqa: NPY002 (it draws)
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002 (the state of others)
    states = torch.get_rng_state(), str(np.random.get_state()), random.getstate()  # noqa: NPY002 (as above)
    encaudit.audit(network, images_, ["roll1", "untrained+roll1"], umap=False)
    assert [part.training for part in network.modules()] == modes
    assert modes[0] and not network.out.training
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    for one, gradient in zip(network.parameters(), gradients, strict=True):
        assert one.requires_grad and (gradient is None) == (one.grad is None)
        assert gradient is None or torch.equal(gradient, one.grad)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (str(np.random.get_state()), random.getstate())  # noqa: NPY002 (as above)


def test_a_module_is_left_as_it_was_when_the_audit_fails() -> None:
    network = build()
    with pytest.raises(InputError):
        encaudit.audit(network, images(2), **QUICK)
    assert all(part.training for part in network.modules())


def test_a_method_of_a_module_is_asked_in_evaluation_mode_too() -> None:
    network = build()
    by_method = encaudit.audit(network.forward, images(), "roll1", **QUICK)
    assert network.training
    by_module = encaudit.audit(network, images(), "roll1", **QUICK)
    assert by_method.measurements == by_module.measurements


class FromBatch:
    """An Encoder of encaudit."""

    latent_dim = 2

    def encode(self, batch: "encaudit.types.ImageBatch") -> Any:
        return encaudit.types.Posterior(batch.images.flatten(1)[:, :2])


class FromPixels:
    """Not one, though it has a latent_dim."""

    latent_dim = 2

    def encode(self, pixels: Tensor) -> Tensor:
        return pixels.flatten(1)[:, :2]


def test_whatever_encodes_is_taken(run: FreshRun) -> None:
    seen = [
        encaudit.audit(encoder, images(), "roll1", **QUICK).measurements
        for encoder in (FromBatch(), FromPixels(), lambda pixels: pixels.flatten(1)[:, :2].numpy())
    ]
    assert seen[0] == seen[1] == seen[2]


def test_a_checkpoint_may_be_shown_images_in_memory(run: FreshRun) -> None:
    options = {**QUICK, "n": 20, "volumes": 0, "sample_n": 0, "poses": str(run.folder / "poses.pkl"), "ctf": "none"}
    named = encaudit.audit(run.checkpoint, None, "roll1", **options)
    shown = encaudit.audit(str(run.checkpoint), run.images, "roll1", **options)
    assert shown.provenance["checkpoint"]["kind"] == "cryodrgn"
    assert shown.provenance["images"]["n"] == 20
    assert shown.provenance["images"]["path"].startswith("an array of 30 x 16 x 16")
    assert shown.measurements == named.measurements


@pytest.mark.parametrize(
    ("encoder", "shown", "more", "said"),
    [
        (Network, images(), {}, "is a class; expected an encoder. Build one"),
        (7, images(), {}, "is a int; expected an object with encode"),
        (build, images(), {}, "returned a Network|raised TypeError"),
        (PowerSpectrum(), [[1, 2]], {}, "The images are a list; expected an array"),
        (PowerSpectrum(), images()[:, 0], {}, "given: found 40 x 12"),
        (PowerSpectrum(), images()[:, :5], {}, "5 x 12 pixels; expected square ones"),
        (PowerSpectrum(), images().astype(complex), {}, "complex128; expected an array of real numbers"),
        (PowerSpectrum(), torch.zeros(4, 8, 8).to_sparse(), {}, "without a numpy form"),
        (None, images(), {}, "encoder is None"),
        (PowerSpectrum(), np.ma.masked_greater(images(), 0), {}, "are masked, and an encoder sees all pixels"),
        (PowerSpectrum(), torch.empty(30, 8, 8, device="meta"), {}, "on the device meta, which holds no pixels"),
        (PowerSpectrum(), images(), {"kind": "cryodrgn"}, "Leave out kind"),
        (PowerSpectrum(), images(), {"n": 2.5}, "n=2.5: input should be a valid integer"),
        (PowerSpectrum(), images(), {"seed": None}, "seed=None: input should be a valid integer"),
        (PowerSpectrum(), images(), {"umap": "perhaps"}, "umap='perhaps': input should be a valid boolean"),
        (PowerSpectrum(), images(), {"config": 5}, "config=5: input is not a valid path"),
        (nn.LazyLinear(2), images(), {}, r"parameters without values \(lazy layers\)"),
        (PowerSpectrum(), None, {}, r"names no images\. Give them with images=PATH"),
        (PowerSpectrum(), images(), {"groups": [1, 2]}, "has 2 groups, and the stack has 40 images"),
        (PowerSpectrum(), images(), {"batch_size": 0}, "batch_size=0: expected"),
        (PowerSpectrum(), images(), {"channels": 3}, "channels=3 is for networks of your own"),
        (build(), images(), {"channels": 0}, "expected 1 or more"),
        (build(), images(), {"device": "cuda"}, "sees no CUDA|expected"),
    ],
)
def test_what_does_not_fit_is_one_sentence(encoder: Any, shown: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        encaudit.audit(encoder, shown, "roll1", **{**QUICK, **more})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("specs", [5, [5], None])
def test_transforms_are_words(specs: Any) -> None:
    with pytest.raises(InputError, match="transforms="):
        encaudit.audit(PowerSpectrum(), images(), specs, **QUICK)


def test_a_transform_in_two_spellings_is_on_record_once() -> None:
    report = encaudit.audit(
        PowerSpectrum(), images(), ["roll1", "roll:dx=1", "identity+roll1", "rot90"], controls=False, umap=False
    )
    assert report.provenance["transforms"] == ["roll1", "rot90"]
    assert [verdict.transform for verdict in report.verdicts] == ["roll1", "rot90"]


def test_an_encoder_that_forwards_every_attribute_is_taken_as_what_it_is() -> None:
    class Proxy:
        def __init__(self, within: Any) -> None:
            self._within = within

        def __getattr__(self, name: str) -> Any:
            return lambda *given: self._within(*given)

    report = encaudit.audit(Proxy(lambda shown: shown.flatten(1)[:, :3]), images(), "roll1", **QUICK)
    assert report.provenance["checkpoint"]["latent_dim"] == 3


@pytest.mark.parametrize("place", ["<stdin>", "nets.zip/nets.py"])
def test_an_encoder_whose_source_is_no_file_is_audited(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("without_a_file")
    module.__file__ = place
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def encoder(batch: torch.Tensor) -> torch.Tensor:
        return batch.flatten(1)[:, :4]

    encoder.__module__ = module.__name__
    report = encaudit.audit(encoder, images(), "roll1", controls=False, umap=False)
    assert report.provenance["checkpoint"]["path"].startswith("without_a_file:")


def test_an_unknown_option_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'umpa'\. Did you mean 'umap'"):
        encaudit.audit(PowerSpectrum(), images(), umpa=False)  # type: ignore[call-arg]


def test_torch_keeps_the_threads_that_it_had() -> None:
    before = torch.get_num_threads()

    def raised(batch: Tensor) -> Tensor:  # as numba does within a UMAP
        torch.set_num_threads(before + 1)
        return batch.flatten(1)[:, :2]

    encaudit.audit(raised, images(), "roll1", **QUICK)
    assert torch.get_num_threads() == before


def test_a_function_that_draws_at_random_is_told_so() -> None:
    network = build()
    with pytest.raises(UnstableEncoderError):
        encaudit.audit(lambda shown: network(shown), images(), "roll1", **QUICK)


def test_groups_widen_or_narrow_intervals_and_are_on_record() -> None:
    alone = encaudit.audit(build(), images(), "roll1", **QUICK)
    together = encaudit.audit(build(), images(), "roll1", groups=np.arange(40) // 2, **QUICK)
    assert (alone.provenance["groups"], together.provenance["groups"]) == (None, "given")
    assert together.particles["group"].nunique() == 20
    one, other = (
        r.frame().set_index(["metric", "transform"]).loc[("displacement_ratio", "roll1")] for r in (alone, together)
    )
    assert one["median"] == other["median"] and one["ci_low"] != other["ci_low"]


@pytest.mark.parametrize("channels", [1, 3])
def test_colour_images_and_grey_ones_repeated(channels: int) -> None:
    class Flat(nn.Module):
        def forward(self, shown: Tensor) -> Tensor:
            assert shown.shape[1:] == (channels, 12, 12)
            return shown.sum(1).flatten(1)[:, :4]

    colour = encaudit.audit(Flat(), images(40, channels), "roll1", **QUICK)
    grey = encaudit.audit(Flat(), images(), "roll1", channels=channels, **QUICK)
    assert colour.provenance["images"]["shape"] == [channels, 12, 12]
    assert grey.provenance["checkpoint"]["channels"] == channels
    assert grey.frame()["median"].notna().any()


def test_the_command_line_repeats_grey_images_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "in_colour.py").write_text(
        "class Sum:\n    def encode(self, x):\n        assert x.shape[1] == 3\n        return x.sum(1)[:, 0]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    np.save(tmp_path / "images.npy", images())
    typed = ("module:in_colour:Sum", "--images", tmp_path / "images.npy", "--channels", 3, "-t", "roll1")
    probed(monkeypatch, *typed, "--no-controls", "-o", "-")
    assert json.loads(capsys.readouterr().out)["provenance"]["checkpoint"]["channels"] == 3


def test_images_in_memory_are_not_changed_by_an_encoder_that_writes() -> None:
    shown = images()
    before = shown.copy()

    def writing(pixels: Tensor) -> Tensor:
        pixels -= 1
        return pixels.flatten(1)[:, :3]

    encaudit.audit(writing, shown, "roll1", **QUICK)
    np.testing.assert_array_equal(shown, before)


def test_saving_refuses_a_folder_of_somebody_else(tmp_path: Path) -> None:
    report = encaudit.audit(Constant(), images(), "roll1", **QUICK)
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(InputError, match="was not made by encaudit"):
        report.save(tmp_path)
    page = report.save(tmp_path / "new")
    assert page.is_file() and pd.read_csv(tmp_path / "new" / "particles.csv").shape[0] == 40


def test_importing_the_package_and_its_plug_in_is_light() -> None:
    heavy = "numpy torch pandas scipy sklearn matplotlib umap rich pydantic typer cryodrgn numba"
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import encaudit, encaudit.pytest_plugin\n"
        f"loaded = [one for one in {heavy!r}.split() if one in sys.modules and one not in before]\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names_are_there_whatever_else_was_imported() -> None:
    assert {"audit", "assert_invariant", "Report", "AuditReport"} <= set(dir(encaudit)) & set(encaudit.__all__)
    assert encaudit.audit.__module__ == "encaudit.from_python.auditing"
    with pytest.raises(AttributeError, match="no attribute 'audit_'"):
        _ = encaudit.audit_

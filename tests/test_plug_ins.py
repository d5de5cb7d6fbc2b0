"""Encoders, transforms and metrics of other distributions: used like built-in ones, and named when they are broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from encaudit.encoders import open_encoder
from encaudit.encoders.planted import PowerSpectrum
from encaudit.errors import InputError, UnknownNameError
from encaudit.explain import explain, names_by_kind, page
from encaudit.images import open_stack
from encaudit.metrics import METRICS, measure
from encaudit.probe import encode_stack
from encaudit.results import Encodings, Latents
from encaudit.transforms import TRANSFORMS, parse_transform
from tests.plug_ins import EXAMPLE, as_installed, example_installed


@pytest.fixture
def images(tmp_path: Path) -> Path:
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).normal(size=(30, 12, 12)).astype(np.float32))
    return path


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in example_installed(tmp_path / "site"):
        monkeypatch.syspath_prepend(place)


def installed(monkeypatch: pytest.MonkeyPatch, site: Path, name: str, **groups: dict[str, str]) -> None:
    monkeypatch.syspath_prepend(as_installed(site, name, {f"encaudit.{kind}": of for kind, of in groups.items()}))


@pytest.mark.usefixtures("example")
def test_a_name_that_nothing_opens_is_told_what_plug_ins_open() -> None:
    with pytest.raises(InputError, match=r"No checkpoint at moment:3\..* or what a plug-in opens \(.*moments:"):
        open_encoder("moment:3")


def test_the_real_command_line_takes_all_of_an_installed_distribution(images: Path, tmp_path: Path) -> None:
    places = [str(place) for place in example_installed(tmp_path / "site")]
    here = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "encaudit", "probe", "moments:3", "--images", images),
            *("-t", "brighten:by=0.5", "-t", "roll1+brighten:by=1", "--no-umap", "--no-controls"),
            *("-o", tmp_path / "out"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([here, *places])},
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["provenance"]["checkpoint"]["kind"] == "moments"
    assert report["provenance"]["transforms"] == ["brighten:by=0.5", "roll1+brighten:by=1"]
    measured = {(one["metric"], one["transform"]): one for one in report["measurements"]}
    step = measured["farthest_step", "brighten:by=0.5"]
    assert step["value"]["median"] == pytest.approx(0.5, rel=1e-5)
    assert step["floor"] == 0
    assert step["ceiling"] > 0
    assert measured["cloud_radius", None]["value"]["median"] > 0
    columns = pd.read_csv(tmp_path / "out" / "particles.csv")
    np.testing.assert_allclose(columns["brighten:by=0.5/farthest_step"], 0.5, rtol=1e-5)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "brighten:by=0.5" in page and "farthest_step" in page


@pytest.mark.usefixtures("example")
def test_an_encoder_may_be_named_by_option_and_by_prefix(tmp_path: Path) -> None:
    settings = tmp_path / "3"
    settings.write_text("")
    by_prefix = open_encoder("moments:3")
    by_option = open_encoder("3", kind="moments")
    assert by_prefix.kind == by_option.kind == "moments"
    with pytest.raises(
        InputError,
        match=r"The encoder moments of the plug-in encaudit-example 0\.1 .*, asked for 'x', raised ValueError",
    ):
        open_encoder("moments:x")
    with pytest.raises(UnknownNameError, match="Did you mean 'moments'"):
        open_encoder("3", kind="moment")


@pytest.mark.usefixtures("example")
def test_names_of_plug_ins_are_offered_and_iterated_over() -> None:
    assert list(METRICS)[-1] == "farthest_step"
    assert "farthest_step" not in METRICS.built_in
    assert list(TRANSFORMS)[-1] == "brighten"
    with pytest.raises(UnknownNameError, match="Did you mean 'brighten'"):
        parse_transform("brightn:by=1")


def test_without_the_distribution_nobody_knows_them() -> None:
    assert str(EXAMPLE) not in sys.path
    assert "farthest_step" not in METRICS
    with pytest.raises(UnknownNameError):
        parse_transform("brighten:by=1")


def encodings() -> Encodings:
    mu = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    latents = Latents(mu, None, np.arange(20))
    return Encodings(latents, {"identity": latents, "roll1": Latents(mu + 1, None, np.arange(20))})


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere_to_be_found:metric", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("json:nothing", "AttributeError"),
        ("json:dumps", "it is a function; expected a function under @encaudit.metrics.metric"),
        ("encaudit_example.metric:farthest_step", "it calls itself 'farthest_step'; expected .* 'mine'"),
    ],
)
def test_a_broken_metric_is_one_sentence_that_names_its_distribution(
    place: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    installed(monkeypatch, tmp_path / "site", "their-metrics", metrics={"mine": place})
    with pytest.raises(InputError, match=rf"The metric mine of the plug-in their-metrics 0.1 .*{said}.*pip uninstall"):
        measure(encodings(), seed=0)


def test_a_metric_that_raises_or_returns_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_code_metrics.py").write_text(
        "import sys\nimport numpy as np\nfrom encaudit.metrics import PerImage, Skipped, WholeSet, metric\n"
        "@metric('raising', unit='1')\ndef raising(pair): return 1 / 0\n"
        "@metric('short', unit='1')\ndef short(pair): return PerImage(pair.mu[:3, 0])\n"
        "@metric('narrow', unit='1')\ndef narrow(pair): return WholeSet(0.5, (0.9, 0.1))\n"
        "@metric('half', unit='1')\ndef half(pair): return WholeSet(0.5, (None, 0.6))\n"
        "@metric('endless', unit='1')\ndef endless(pair): return WholeSet(float('inf'), (None, None))\n"
        "@metric('gaps', unit='1')\ndef gaps(pair): return PerImage(np.full(len(pair), np.nan))\n"
        "@metric('words', unit='1')\ndef words(pair): return PerImage(np.array(['what'] * len(pair)))\n"
        "@metric('unsaid', unit='1')\ndef unsaid(pair): return Skipped(5)\n"
        "@metric('leaving', unit='1')\ndef leaving(pair): sys.exit(0)\n"
        "@metric('changing', unit='1')\ndef changing(pair): pair.mu[:] = 0\n"
        "@metric('plain', unit='1')\ndef plain(pair): return 3\n"
        "@metric('taken', unit='1', column='rank')\ndef taken(pair): return 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name, said in [
        (
            "raising",
            r"The metric raising of the plug-in their-metrics 0\.1 \(\S+:raising\) raised ZeroDivisionError: division",
        ),
        ("short", r"their-metrics 0\.1 .*returned float64 values of shape \(3,\) for 20 images"),
        ("narrow", r"returned WholeSet\(value=0.5, interval=\(0.9, 0.1\)\)"),
        ("half", r"returned WholeSet\(value=0.5, interval=\(None, 0.6\)\)"),
        ("endless", r"returned WholeSet\(value=inf"),
        ("gaps", "expected PerImage with finite numbers"),
        ("words", r"returned <U4 values of shape \(20,\)"),
        ("unsaid", r"returned Skipped\(skipped=5\)"),
        ("leaving", "raised SystemExit: 0"),
        ("changing", "raised ValueError: assignment destination is read-only"),
        ("plain", "returned a int for 20 images"),
        ("taken", "it writes the column 'rank', which a built-in metric writes"),
    ]:
        with monkeypatch.context() as patch:
            installed(patch, tmp_path / name, "their-metrics", metrics={name: f"their_code_metrics:{name}"})
            with pytest.raises(InputError, match=said):
                measure(encodings(), seed=0)


def test_a_name_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        installed(patch, tmp_path / "one", "their-transforms", transforms={"roll": "json:dumps"})
        with pytest.raises(InputError, match=r"their-transforms 0.1 .* has the name of a built-in one"):
            parse_transform("nothing")
    installed(monkeypatch, tmp_path / "two", "first-one", transforms={"swirl": "json:dumps"})
    installed(monkeypatch, tmp_path / "three", "second-one", transforms={"swirl": "json:loads"})
    with pytest.raises(InputError, match="has the name of another one, of"):
        parse_transform("swirl")


def test_a_transform_that_is_no_class_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, tmp_path / "site", "their-transforms", transforms={"swirl": "json:dumps"})
    with pytest.raises(InputError, match=r"The transform swirl of the plug-in their-transforms 0.1 .*SpecTransform"):
        parse_transform("swirl")


def test_a_transform_that_raises_is_named(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_code_transforms.py").write_text(
        "from dataclasses import dataclass\nfrom encaudit.transforms import Deterministic\n"
        "@dataclass(frozen=True)\nclass Fails(Deterministic):\n    name = example = 'fails'\n"
        "    def moved(self, batch): return 1 / 0\n"
        "@dataclass(frozen=True)\nclass Drops(Deterministic):\n    name = example = 'drops'\n"
        "    def moved(self, batch): return batch.with_(images=batch.images[:3])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    places = {"fails": "their_code_transforms:Fails", "drops": "their_code_transforms:Drops"}
    installed(monkeypatch, tmp_path / "site", "their-transforms", transforms=places)
    stack, encoder = open_stack(images), PowerSpectrum()
    with pytest.raises(
        InputError, match=r"roll1\+fails, with fails of the plug-in their-transforms 0\.1 \(\S+:Fails\), raised ZeroDiv"
    ):
        encode_stack(encoder, stack, [parse_transform("roll1+fails")], seed=0)
    with pytest.raises(
        InputError,
        match=r"drops of the plug-in their-transforms 0\.1 .* images of shape 3 x 12 x 12 for images of shape 30",
    ):
        encode_stack(encoder, stack, [parse_transform("drops")], seed=0)


def test_a_transform_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_code_picky.py").write_text(
        "from dataclasses import dataclass\nfrom encaudit.transforms import Deterministic\n"
        "@dataclass(frozen=True)\nclass Picky(Deterministic):\n    name, example = 'picky', 'picky:px=1'\n"
        "    px: int = 1\n    def __post_init__(self): assert self.px == 1, 'one or nothing'\n"
        "    def moved(self, batch): return batch\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    installed(monkeypatch, tmp_path / "site", "their-transforms", transforms={"picky": "their_code_picky:Picky"})
    with pytest.raises(
        InputError, match=r"picky:px=2 of the plug-in their-transforms 0\.1 .*one or nothing.*picky:px=1"
    ):
        parse_transform("picky:px=2")


@pytest.mark.usefixtures("example")
def test_an_encoder_that_raises_on_images_is_named(images: Path) -> None:
    encoder = open_encoder("moments:7").encoder  # 12 rows do not part into seven bands
    with pytest.raises(InputError, match=r"moments:7 of the plug-in encaudit-example 0\.1 .* raised RuntimeError"):
        encode_stack(encoder, open_stack(images), [], seed=0)


@pytest.mark.usefixtures("example")
def test_names_of_plug_ins_are_explained_with_their_distribution() -> None:
    assert "along the latent axis on which it moves farthest" in explain("farthest_step")
    assert "Adds to every pixel." in explain("brighten:by=0.5")
    assert "How far from the middle" in explain("cloud_radius")
    for name in ("farthest_step", "brighten", "cloud_radius"):
        assert "of the plug-in encaudit-example 0.1" in explain(name)
        assert name in names_by_kind()


@pytest.mark.usefixtures("example")
def test_the_committed_page_has_no_plug_ins(tmp_path: Path) -> None:
    assert page() == (Path(__file__).parent.parent / "docs" / "reference.md").read_text()


@pytest.mark.parametrize("kind", ["metrics", "encoder_metrics", "transforms"])
def test_a_broken_plug_in_leaves_other_names_explained(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = explain("roll5"), explain("pair_auc"), explain("scatters"), explain("active_units")
    installed(monkeypatch, tmp_path / "site", "their-code", **{kind: {"swirl": "nowhere_to_be_found:swirl"}})
    assert (explain("roll5"), explain("pair_auc"), explain("scatters"), explain("active_units")) == sound
    assert "swirl" in names_by_kind()
    with pytest.raises(InputError, match=r"swirl of the plug-in their-code 0\.1 .* cannot be used"):
        explain("swirl")
    with pytest.raises(UnknownNameError, match="Did you mean 'swirl'"):
        explain("swirll")


def test_a_plug_in_that_takes_a_name_leaves_others_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = explain("roll5"), explain("pair_auc")
    installed(monkeypatch, tmp_path / "site", "their-code", metrics={"pair_auc": "json:dumps"})
    assert (explain("roll5"), explain("pair_auc")) == sound

"""encaudit_baseline, as a user's test suite has it."""

import json
import re

import pytest

import encaudit
from encaudit import pytest_plugin
from encaudit.encoders.planted import PowerSpectrum
from encaudit.from_python.accepted import file_name
from tests.from_python.networks import images

TEST = """
import numpy as np
from encaudit.encoders.planted import PowerSpectrum, Hash
import encaudit
from encaudit import pytest_plugin

def test_encoder(encaudit_baseline):
    images = np.random.default_rng({seed}).normal(size=(60, 12, 12)).astype("float32")
    report = encaudit_baseline.check({encoder}, images, transforms=[{transform!r}])
    assert report.provenance["transforms"] == [{transform!r}]
"""
BASELINE = "test_net.test_encoder.encaudit-baseline.json"


@pytest.fixture(autouse=True, scope="module")
def everything_is_loaded() -> None:
    """pytester forgets what a run in this process imported, and numpy and torch cannot be imported twice."""
    encaudit.assert_invariant(PowerSpectrum(), images())


@pytest.fixture(autouse=True)
def no_other_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would be imported anew in every run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def suite(pytester: pytest.Pytester, seed: int = 0, encoder: str = "PowerSpectrum()", transform: str = "roll1") -> None:
    pytester.makepyfile(test_net=TEST.format(seed=seed, encoder=encoder, transform=transform))


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # As a module: by its name, pytest would warn that it cannot rewrite what is loaded already.
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-Werror", *arguments, plugins=[pytest_plugin])


def test_a_missing_baseline_fails_and_says_what_to_type(pytester: pytest.Pytester) -> None:
    suite(pytester)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*There is no baseline *", "*pytest test_net.py::test_encoder --encaudit-update"])
    assert not list(pytester.path.glob("*.json"))


def test_it_is_written_when_asked_for_and_held_from_then_on(pytester: pytest.Pytester) -> None:
    suite(pytester)
    run(pytester, "--encaudit-update").assert_outcomes(passed=1)
    written = (pytester.path / BASELINE).read_text()
    assert json.loads(written)["baseline"] == 1
    result = run(pytester, "-rP")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*displacement_ratio@roll1/max_increase*"])
    assert (pytester.path / BASELINE).read_text() == written


def test_a_worse_encoder_fails_with_every_check(pytester: pytest.Pytester) -> None:
    suite(pytester)
    run(pytester, "--encaudit-update")
    suite(pytester, encoder="Hash()")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*does not pass the gate*", "*displacement_ratio@roll1/max_increase*"])
    result.stdout.fnmatch_lines(["*--encaudit-update*"])
    assert result.stdout.str().count("displacement_ratio@roll1/max_increase: ") == 1
    result = run(pytester, "--encaudit-update", "-rP")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["displacement_ratio@roll1: * -> *worse*", "Baseline: * 60 images)."])
    run(pytester).assert_outcomes(passed=1)


def test_a_damaged_baseline_is_refused_until_an_update_replaces_it(pytester: pytest.Pytester) -> None:
    suite(pytester)
    (pytester.path / BASELINE).write_text("{")
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*is not JSON*", "*--encaudit-update*"])
    run(pytester, "--encaudit-update").assert_outcomes(passed=1)
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.parametrize(("changed", "said"), [({"seed": 1}, "SHA-256"), ({"transform": "rot90"}, "transforms")])
def test_a_baseline_of_something_else_is_refused(
    pytester: pytest.Pytester, changed: dict[str, object], said: str
) -> None:
    suite(pytester)
    run(pytester, "--encaudit-update")
    suite(pytester, **changed)  # type: ignore[arg-type]
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*cannot be compared with*{said}*", "*To accept it as it is now*"])


def test_a_report_is_taken_and_several_checks_need_names(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_net="""
import numpy as np, encaudit, pytest
from encaudit.encoders.planted import PowerSpectrum

@pytest.mark.parametrize("width", [2, 3])
def test_encoder(encaudit_baseline, width):
    images = np.random.default_rng(0).normal(size=(30, 12, 12)).astype("float32")
    report = encaudit.audit(PowerSpectrum(width), images, "roll1", controls=False, umap=False)
    assert encaudit_baseline.check(report) is report
    encaudit_baseline.check(report, name="again")
    with pytest.raises(encaudit.errors.InputError, match="name=... of its own"):
        encaudit_baseline.check(report)
    with pytest.raises(encaudit.errors.InputError, match="A report was measured already"):
        encaudit_baseline.check(report, images, name="other")
    with pytest.raises(encaudit.errors.InputError, match="There is no .*nofile.toml"):
        encaudit_baseline.check(report, name="ruled", config="nofile.toml")
"""
    )
    run(pytester, "--encaudit-update").assert_outcomes(passed=2)
    names = sorted(re.sub("-[0-9a-f]{8}[.]", "-MARK.", path.name) for path in pytester.path.glob("*.json"))
    assert names == [
        "test_net.test_encoder_2-MARK.encaudit-baseline.json",
        "test_net.test_encoder_2.again-MARK.encaudit-baseline.json",
        "test_net.test_encoder_3-MARK.encaudit-baseline.json",
        "test_net.test_encoder_3.again-MARK.encaudit-baseline.json",
    ]
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.parametrize("place", ["tests", "."])
def test_rules_of_a_file_beside_the_test_or_where_pytest_was_started_count(
    pytester: pytest.Pytester, place: str
) -> None:
    folder = pytester.mkdir("tests")
    (pytester.path / place / "rules.toml").write_text(
        'preset = "none"\n[rules]\n"displacement_ratio@roll1" = { max = 0.5, level = "error" }\n'
    )
    for encoder, outcome in (("PowerSpectrum()", "passed"), ("Hash()", "failed")):
        text = TEST.format(seed=0, encoder=encoder, transform="roll1")
        (folder / "test_net.py").write_text(text.replace("transforms=", 'config="rules.toml", transforms='))
        run(pytester, "--encaudit-update", "tests")
        run(pytester, "tests").assert_outcomes(**{outcome: 1})


IN_CLASSES = """
import numpy as np
from encaudit.encoders.planted import PowerSpectrum, Hash

def check(encaudit_baseline, encoder):
    images = np.random.default_rng(0).normal(size=(30, 12, 12)).astype("float32")
    encaudit_baseline.check(encoder, images, "roll1")

class TestA:
    def test_encoder(self, encaudit_baseline):
        check(encaudit_baseline, PowerSpectrum())

class TestB:
    class TestInner:
        def test_encoder(self, encaudit_baseline):
            check(encaudit_baseline, Hash())
"""


def test_tests_of_the_same_name_in_two_classes_have_a_baseline_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_net=IN_CLASSES)
    run(pytester, "--encaudit-update").assert_outcomes(passed=2)
    assert {path.name for path in pytester.path.glob("*.json")} == {
        "test_net.TestA.test_encoder.encaudit-baseline.json",
        "test_net.TestB.TestInner.test_encoder.encaudit-baseline.json",
    }
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.parametrize("ids", [["a/b", "a:b"], ["x" * 200 + "1", "x" * 200 + "2"]], ids=["characters", "length"])
def test_names_that_no_file_can_have_stay_two(pytester: pytest.Pytester, ids: list[str]) -> None:
    pytester.makepyfile(
        test_net=f"""
import numpy as np, pytest
from encaudit.encoders.planted import PowerSpectrum

@pytest.mark.parametrize("width", [2, 3], ids={ids})
def test_encoder(encaudit_baseline, width):
    images = np.random.default_rng(0).normal(size=(30, 12, 12)).astype("float32")
    encaudit_baseline.check(PowerSpectrum(width), images, "roll1")
"""
    )
    run(pytester, "--encaudit-update").assert_outcomes(passed=2)
    assert len(list(pytester.path.glob("*.json"))) == 2
    run(pytester).assert_outcomes(passed=2)


def test_two_tests_whose_names_are_the_same_in_a_file_name_have_a_baseline_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_net="""
import numpy as np, pytest
from encaudit.encoders.planted import PowerSpectrum

def check(encaudit_baseline, width, **named):
    images = np.random.default_rng(0).normal(size=(30, 12, 12)).astype("float32")
    encaudit_baseline.check(PowerSpectrum(width), images, "roll1", **named)

def test_encoder_a(encaudit_baseline):
    check(encaudit_baseline, 2)

@pytest.mark.parametrize("width", [3], ids=["a"])
def test_encoder(encaudit_baseline, width):
    check(encaudit_baseline, width)
    check(encaudit_baseline, 2, name="b.c")

class TestB:
    def test_c(self, encaudit_baseline):
        check(encaudit_baseline, 3)
        check(encaudit_baseline, 4, name="d")
"""
    )
    run(pytester, "--encaudit-update").assert_outcomes(passed=3)
    assert len(list(pytester.path.glob("*.json"))) == 5
    for one in ("test_encoder", "test_encoder_a", "TestB"):  # each alone, as by workers of their own
        run(pytester, f"test_net.py::{one}").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("m", "test[a]"), ("m", "test_a")),
        (("m", "test[a]"), ("m", "test[a]", "b")),
        (("m", "test[a/b]"), ("m", "test[a_b]")),
        (("m", "TestA", "test"), ("m.TestA", "test")),
        (("m", "test", "a.b"), ("m", "test", "a", "b")),
        (("m", "test_"), ("m", "test")),
        (("m", "test[" + "x" * 300 + "1]"), ("m", "test[" + "x" * 300 + "2]")),
    ],
)
def test_no_two_tests_of_a_folder_share_a_file(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert file_name(*one) != file_name(*other)
    assert file_name(*one) == file_name(*one) and len(file_name(*one).encode()) < 255

import contextlib
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encaudit.errors import EncauditError, InputError, UnknownNameError
from encaudit.transforms import DEFAULT_SPECS, TRANSFORMS, Chain, Deterministic, canonical, join, parse_transform
from encaudit.transforms.contrast import Contrast
from encaudit.transforms.ctf import Ctf
from encaudit.transforms.identity import Identity
from encaudit.transforms.mirror import Mirror
from encaudit.transforms.noise import AddNoise
from encaudit.transforms.renoise import Renoise
from encaudit.transforms.rotation import Rot90, Rot180, Rot270, Rotate
from encaudit.transforms.translation import Roll, Shift
from encaudit.transforms.twin import Noise, Permutation


@pytest.mark.parametrize(
    ("spec", "shortest"),
    [
        ("roll:dx=1", "roll1"),
        ("roll:dx=1,dy=0,frame=raw", "roll1"),
        ("roll5", "roll5"),
        ("roll:dx=0", "roll0"),
        ("roll-3", "roll-3"),
        ("roll:dx=1,frame=covariant", "roll1:frame=covariant"),
        ("roll:dy=-2,dx=1", "roll:dx=1,dy=-2"),
        ("roll1:dy=-2", "roll:dx=1,dy=-2"),
        ("roll:dy=2", "roll:dy=2"),
        ("roll:dx=2.0", "roll2"),
        ("shift:dx=.50", "shift:dx=0.5"),
        ("shift:dx=-0", "shift:dx=0"),
        ("shift:dx=1e+05", "shift:dx=100000"),
        ("rot90:frame=covariant", "rot90"),
        ("rot90:frame=array", "rot90:frame=array"),
        ("rotate:deg=10.0", "rotate:deg=10"),
        ("contrast", "contrast"),
        ("contrast:gain=1.1,offset=0", "contrast"),
        ("contrast:offset=0.5", "contrast:offset=0.5"),
        ("contrast:gain=1", "contrast:gain=1"),
        ("addnoise:snr=1", "addnoise:snr=1"),
        ("renoise:snr=1.0,draw=0", "renoise:snr=1"),
        ("renoise:clean=a b/c=d.npy, snr=2", "renoise:snr=2,clean=a b/c=d.npy"),
        ("untrained + renoise + roll1", "untrained+renoise+roll1"),
        ("ctf:angle=10,defocus=300", "ctf:defocus=300,angle=10"),
        (" roll : dx = 1 + rot90:frame=covariant ", "roll1+rot90"),
        ("shift:dx=1e+1+roll1", "shift:dx=10+roll1"),
        ("untrained+permutation", "untrained+permutation"),
        ("identity+roll1", "roll1"),
        ("roll1 + identity+rot90", "roll1+rot90"),
        ("identity+identity", "identity"),
    ],
)
def test_the_canonical_spec_is_the_short_one(spec, shortest):
    assert canonical(spec) == shortest
    assert parse_transform(shortest) == parse_transform(spec)


def test_the_default_set_is_already_canonical():
    assert tuple(map(canonical, DEFAULT_SPECS)) == DEFAULT_SPECS


def test_bare_contrast_is_ten_percent_but_an_offset_alone_changes_no_gain():
    assert parse_transform("contrast") == Contrast(gain=1.1, offset=0)
    assert parse_transform("contrast:offset=2") == Contrast(gain=1, offset=2)


whole, real = st.integers(-(2**31) + 1, 2**31 - 1), st.floats(-(2**31), 2**31, exclude_min=True, exclude_max=True)
raw, about = st.sampled_from(["raw", "covariant"]), st.sampled_from(["covariant", "centred", "array"])
parts = st.one_of(
    st.builds(Identity),
    st.builds(Roll, whole, whole, raw),
    st.builds(Shift, real, real, raw),
    *(st.builds(cls, about) for cls in (Rot90, Rot180, Rot270, Mirror)),
    st.builds(Rotate, real, st.sampled_from(["covariant", "centred"])),
    st.builds(Contrast, real, real),
    st.builds(AddNoise, st.floats(1e-9, 2**31, exclude_max=True)),
    st.builds(Ctf, real, real),
    st.builds(Noise),
)


paths = st.text(min_size=1, max_size=9).filter(lambda path: path == path.strip() and not set(path) & set(",+"))
renoise = st.builds(Renoise, st.none() | st.floats(1e-9, 2**31), st.none() | paths, st.integers(0, 2**31 - 1))


@settings(deadline=None)
@given(st.none() | renoise, st.lists(parts, max_size=4), st.booleans())
def test_any_transform_survives_its_spec(first, some, permuted):
    transform = join(*([first] if first else []), *some, *([Permutation()] if permuted else []))
    assert parse_transform(str(transform)) == transform
    assert canonical(str(transform)) == str(transform)


@settings(deadline=None)
@given(st.text(alphabet="roltshifde123790.:=,+- x", max_size=14))
def test_any_text_parses_or_is_refused(text):
    with contextlib.suppress(EncauditError):
        transform = parse_transform(text)
        assert parse_transform(str(transform)) == transform


@pytest.mark.parametrize(("typo", "nearest"), [("rol1", "roll"), ("rot9", "rot90"), ("permutaton", "permutation")])
def test_an_unknown_name_offers_the_nearest(typo, nearest):
    with pytest.raises(UnknownNameError, match=f"{typo}.*Did you mean '{nearest}'"):
        parse_transform(f"roll1+{typo}")


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("roll", "'roll' has to give dx or dy.*roll1"),
        ("roll:frame=covariant", "has to give dx or dy"),
        ("roll:dz=1", "roll has no parameter 'dz'; known: dx, dy, frame"),
        ("identity:dx=1", "identity has no parameter 'dx'; it takes none"),
        ("roll:dx", "dx of roll has no value"),
        ("roll:dx=", "dx of roll has no value"),
        ("roll:", "roll has no parameter ''"),
        ("roll1:dx=2", "gives dx twice"),
        ("roll:dx=0.5", r"dx of roll has to be a whole number below 2\^31; found 0.5.*shift:dx=0.5"),
        ("roll1.5", "roll moves by whole pixels; found roll1.5. For parts of a pixel type shift:dx=1.5"),
        ("rot90+roll-.5:frame=covariant", "type shift:dx=-.5"),
        ("shift1.5", "shift takes no number behind its name; found shift1.5. Type shift:dx=1.5"),
        ("rotate10", "Type rotate:deg=10"),
        ("roll:dx=1_0", "whole number.*found '1_0'"),
        ("roll:dx=1e30", "whole number below 2\\^31; found 1e\\+30"),
        ("roll" + "1" * 5000, "whole number below"),
        ("shift:dx=" + "1" * 5000, r"finite number below 2\^31; found inf"),
        ("shift:dx=nan", r"dx of shift has to be a finite number below 2\^31; found 'nan'"),
        ("shift:dx=inf", "finite number"),
        ("shift:dx=1e999", "finite number"),
        ("addnoise", "has to give snr"),
        ("addnoise:snr=0", "snr of addnoise has to be above 0"),
        ("addnoise:snr=-1", "snr of addnoise has to be above 0"),
        ("rot90:frame=aray", "one of covariant, centred, array; found 'aray'"),
        ("rotate:deg=10,frame=array", "one of covariant, centred; found 'array'"),
        ("roll1+", "missing in 'roll1\\+'"),
        ("roll1++rot90", "missing"),
        ("", "missing in ''"),
        ("roll1+untrained", "Type untrained\\+roll1"),
        ("renoise:snr=0", "snr of renoise has to be above 0; found 0.0"),
        ("renoise:clean=", "clean of renoise has no value"),
        ("renoise:clean=a,b.npy", r"clean of renoise has to be a path without , and \+.*'b.npy' was torn off it"),
        ("renoise:snr=1,clean=a+b.npy", r"clean of renoise has to be a path without , and \+.*'b.npy' was torn off it"),
        ("renoise:file=a", "renoise has no parameter 'file'; known: snr, clean, draw"),
        ("roll1+renoise", "takes the place of the image.*Type renoise\\+roll1"),
        ("roll1+untrained+renoise", "Type untrained\\+renoise\\+roll1"),
        ("untrained+roll1+renoise", "Type untrained\\+renoise\\+roll1"),
        ("renoise+renoise:snr=1", "2 times renoise"),
        ("permutation+roll1+permutation", "2 times permutation"),
        ("untrained+untrained", "2 times untrained"),
    ],
)
def test_what_is_wrong_with_a_spec_is_said_in_a_sentence(spec, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_transform(spec)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Roll(dx=True),
        lambda: Roll(dx="1"),
        lambda: Renoise(clean="a,b"),
        lambda: Renoise(clean=5),
        lambda: Renoise(snr="1"),
        lambda: Chain((Roll(1),)),
    ],
)
def test_parameters_are_checked_when_built_by_hand_too(build):
    with pytest.raises(InputError):
        build()


def test_chains_are_flat():
    assert Chain((Chain((Roll(1), Roll(2))), Roll(3))) == parse_transform("roll1+roll2+roll3")


def test_parsing_loads_no_torch():
    code = (
        "import sys\nfrom encaudit.transforms import canonical\n"
        "assert canonical('roll:dx=1+rot90') == 'roll1+rot90'\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_parameters_may_be_numbers_of_numpy():
    transform = Roll(np.int64(2), np.float32(3))
    assert transform == Roll(2, 3)
    assert str(transform) == "roll:dx=2,dy=3"


def test_an_outside_transform_is_parsed_like_a_built_in_one(monkeypatch):
    @dataclass(frozen=True)
    class Brighten(Deterministic):
        name = "brighten"
        example = "brighten:by=1"
        strengths = ("by",)
        by: float = 0.0

        def moved(self, batch):
            return batch.with_(images=batch.images + self.by)

    monkeypatch.setitem(TRANSFORMS._known, "brighten", Brighten)
    assert canonical("roll1+brighten:by=2.0") == "roll1+brighten:by=2"
    with pytest.raises(InputError, match="brighten has no parameter 'dx'; known: by"):
        parse_transform("brighten:dx=2")

"""What every transform has to keep to; a new one adds a row to the table and inherits all of it."""

import copy
from dataclasses import dataclass, fields

import numpy as np
import pytest
import torch

from encaudit.errors import InputError
from encaudit.transforms import TRANSFORMS, canonical, parse_transform
from encaudit.types import ImageBatch
from tests.transforms.observations import blobs, clean_file, digits, particles, same


@dataclass(frozen=True)
class Row:
    """One transform: a spec of it, its strength zero, its inverse, and other values of each of its parameters."""

    spec: str
    zero: str | None = None
    inverse: str | None = None
    variants: tuple[str, ...] = ()
    random: bool = False
    fits: int | None = None  # the only box it takes

    @property
    def named(self) -> str:
        """The spec, alike in every session."""
        return self.spec.replace(str(CLEAN_FILE), CLEAN_FILE.name)


BOX_OF_CLEAN_FILE = 16
CLEAN_FILE = clean_file(BOX_OF_CLEAN_FILE)
FRAMES = ("covariant", "centred", "array")
ROWS = [
    Row("identity", zero="identity", inverse="identity"),
    Row("roll:dx=1,dy=-2", "roll0", "roll:dx=-1,dy=2", ("roll:dx=2,dy=-2", "roll1", "roll:dx=1,dy=-2,frame=covariant")),
    Row("roll5:frame=covariant", "roll0:frame=covariant", "roll-5:frame=covariant"),
    Row(
        "shift:dx=0.5,dy=-1.25",
        "shift:dx=0",
        "shift:dx=-0.5,dy=1.25",
        ("shift:dx=0.6,dy=-1.25", "shift:dx=0.5", "shift:dx=0.5,dy=-1.25,frame=covariant"),
    ),
    Row("shift:dx=0.5,frame=covariant", "shift:dx=0,frame=covariant", "shift:dx=-0.5,frame=covariant"),
    *(Row(f"rot90:frame={f}", None, f"rot270:frame={f}", ("rot90",) * (f != FRAMES[0])) for f in FRAMES),
    *(Row(f"rot180:frame={f}", None, f"rot180:frame={f}", ("rot180",) * (f != FRAMES[0])) for f in FRAMES),
    *(Row(f"rot270:frame={f}", None, f"rot90:frame={f}", ("rot270",) * (f != FRAMES[0])) for f in FRAMES),
    Row("rotate:deg=10", "rotate:deg=0", "rotate:deg=-10", ("rotate:deg=11", "rotate:deg=10,frame=centred")),
    Row("rotate:deg=130,frame=centred", "rotate:deg=360,frame=centred", "rotate:deg=-130,frame=centred"),
    *(Row(f"mirror:frame={f}", None, f"mirror:frame={f}", ("mirror",) * (f != FRAMES[0])) for f in FRAMES),
    Row("contrast:gain=2", "contrast:gain=1", "contrast:gain=0.5", ("contrast", "contrast:gain=2,offset=1")),
    Row("contrast:offset=1", "contrast:offset=0", "contrast:offset=-1", ("contrast:offset=1.5",)),
    Row("addnoise:snr=1", "addnoise:snr=1e30", variants=("addnoise:snr=2",), random=True),
    Row("renoise", variants=("renoise:snr=2", f"renoise:clean={CLEAN_FILE}", "renoise:draw=1"), random=True),
    Row("renoise:snr=2", variants=("renoise:snr=3",), random=True),
    Row(f"renoise:clean={CLEAN_FILE}", random=True, fits=BOX_OF_CLEAN_FILE),
    Row("ctf:defocus=300,angle=10", "ctf:defocus=0", "ctf:defocus=-300,angle=-10", ("ctf:defocus=300", "ctf:angle=10")),
    Row("permutation", random=True),
    Row("noise", random=True),
    Row("untrained", zero="untrained"),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.named)
SHAPES = {
    "even": particles(),
    "odd": particles(box=15),
    "tilts": particles(tilts=3),
    "digits": digits(),
    "odd digits": digits(box=15),
    "colours": digits(colours=3),
}


def every_case(applies=bool):
    """Parametrize over the rows that a test applies to, in all shapes that have what the transform needs."""
    cases = [
        pytest.param(row, batch, id=f"{row.named}-{shape}")
        for row in ROWS
        for shape, batch in SHAPES.items()
        if applies(row)
        and row.fits in (None, batch.images.shape[-1])
        and all(getattr(batch, field) is not None for field in parse_transform(row.spec).needs)
    ]
    return pytest.mark.parametrize(("row", "batch"), cases)


def moved(spec, batch, seed=0):
    return parse_transform(spec)(batch, seed=seed)


def test_the_table_has_a_row_for_every_registered_transform():
    assert {type(parse_transform(row.spec)).name for row in ROWS} == set(TRANSFORMS)


def test_the_table_varies_every_parameter_of_every_transform():
    for name in TRANSFORMS:
        cls = TRANSFORMS.get(name)
        rows = [row for row in ROWS if type(parse_transform(row.spec)) is cls]
        for field in fields(cls):
            pairs = [(parse_transform(row.spec), parse_transform(other)) for row in rows for other in row.variants]
            alone = [
                p
                for p in pairs
                if [f.name for f in fields(cls) if vars(p[0])[f.name] != vars(p[1])[f.name]] == [field.name]
            ]
            assert alone, f"no row varies {field.name} of {name} alone"


@every_case(lambda row: row.zero is not None)
def test_strength_zero_is_the_identity(row, batch):
    assert same(moved(row.zero, batch), batch)


@every_case()
def test_index_and_shapes_and_types_are_kept(row, batch):
    result = moved(row.spec, batch)
    assert torch.equal(result.index, batch.index)
    for field in ("images", "shift_px", "ctf", "pose"):
        before, after = getattr(batch, field), getattr(result, field)
        assert (before is None) == (after is None)
        if before is not None:
            assert after.shape == before.shape
            assert after.dtype == before.dtype
    assert result.images.is_contiguous()


@every_case(lambda row: parse_transform(row.spec).acts_on != "run")
def test_a_batch_gives_what_its_images_give_one_by_one_and_in_any_order(row, batch):
    whole = moved(row.spec, batch)
    order = torch.tensor([2, 0, 3, 1])
    assert same(moved(row.spec, batch.select(order)), whole.select(order), atol=1e-5)
    for i in range(len(batch)):
        assert same(moved(row.spec, batch.select(torch.tensor([i]))), whole.select(torch.tensor([i])), atol=1e-5)


@every_row
def test_the_seed_decides_the_pixels_of_random_transforms_and_of_no_others(row):
    batch = particles(8)
    assert same(moved(row.spec, batch, seed=1), moved(row.spec, batch, seed=1))
    assert same(moved(row.spec, batch, seed=1), moved(row.spec, batch, seed=2)) is not row.random


@every_row
def test_each_parameter_changes_the_observation(row):
    batch = particles()
    for other in row.variants:
        assert not same(moved(row.spec, batch), moved(other, batch))


@every_case()
def test_the_input_is_not_mutated(row, batch):
    before = copy.deepcopy(batch)
    moved(row.spec, batch)
    assert same(batch, before)


@pytest.mark.parametrize("row", [row for row in ROWS if row.inverse], ids=lambda row: row.named)
@pytest.mark.parametrize("box", [32, 33])
def test_the_inverse_undoes_it(row, box):
    batch = blobs(box)
    assert same(moved(f"{row.spec}+{row.inverse}", batch), batch, atol=1e-3)  # 1e-3: defocus in angstrom, as float32
    there_and_back = moved(row.inverse, moved(row.spec, batch))
    assert torch.allclose(there_and_back.images, batch.images, atol=2e-5)


@every_row
def test_the_spec_parses_back_to_an_equal_transform(row):
    transform = parse_transform(row.spec)
    assert parse_transform(str(transform)) == transform
    assert canonical(str(transform)) == str(transform)


@every_row
def test_missing_metadata_is_refused_by_naming_the_transform(row):
    transform = parse_transform(row.spec)
    bare = ImageBatch(particles().images, particles().index)
    if not transform.needs:
        transform.check(bare)
        return
    with pytest.raises(InputError, match=str(transform).split(":")[0]):
        transform.check(bare)
    with pytest.raises(InputError):
        transform(bare, seed=0)


@every_row
def test_it_covers_every_row_but_where_a_file_says_otherwise(row):
    covered = parse_transform(row.spec).covers(np.array([0, 5, 19, 20, 10**6]))
    assert covered.dtype == bool
    assert covered.tolist() == [True, True, True, "clean=" not in row.spec, "clean=" not in row.spec]

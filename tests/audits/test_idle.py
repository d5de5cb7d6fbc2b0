"""A transform that leaves these images as they are is refused before anything is encoded, wherever it is asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import encaudit
from encaudit.audits.idle import refuse_idle
from encaudit.errors import InputError
from encaudit.images import open_stack
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch

DRAWN = np.random.default_rng(0)


@dataclass
class Observed:
    """A stack in memory, with metadata."""

    images: np.ndarray
    metadata: dict[str, torch.Tensor]
    apix = None
    files = ()

    @property
    def index(self) -> np.ndarray:
        return np.arange(len(self.images))

    @property
    def image_shape(self) -> tuple[int, ...]:
        return self.images.shape[1:]

    def read(self, positions: np.ndarray) -> ImageBatch:
        rows = torch.from_numpy(positions)
        return ImageBatch(torch.from_numpy(self.images)[rows], rows, **{k: v[rows] for k, v in self.metadata.items()})


def particles(shape: tuple[int, ...] = (8, 8), n: int = 12, offset: float = 0.0) -> Observed:
    tilts = shape[:-2]
    rotations = torch.from_numpy(np.linalg.qr(DRAWN.normal(size=(n, *tilts, 3, 3)))[0].astype(np.float32))
    ctf = torch.tensor([3.0, 15000.0, 14000.0, 42.0, 300.0, 2.7, 0.1, 0.0]).expand(n, *tilts, 8).clone()
    shift = torch.from_numpy(DRAWN.normal(size=(n, *tilts, 2)).astype(np.float32))
    images = (DRAWN.normal(size=(n, *shape)) + offset).astype(np.float32)
    return Observed(images, {"pose": rotations, "ctf": ctf, "shift_px": shift})


def bare(*shape: int) -> Any:
    return open_stack(DRAWN.normal(size=shape).astype(np.float32))


IDLE = [
    "roll0",
    "roll1+roll-1",
    "roll1+roll7",
    "roll:dx=3,dy=2+roll:dx=5,dy=6",
    "shift:dx=0",
    "rotate:deg=360",
    "rotate:deg=-720,frame=centred",
    "rotate:deg=180+rotate:deg=180",
    "rot90+rot270",
    "rot90+rot90+rot90+rot90",
    "rot180+rot180",
    "mirror+mirror",
    "mirror:frame=array+mirror:frame=array",
    "contrast:gain=1",
    "contrast:gain=1,offset=0",
    "contrast:gain=2+contrast:gain=0.5",
    "contrast:gain=1.1+contrast:gain=0.9090909090909091",
    "untrained+roll1+roll7",
]
ACTING = [
    "identity",
    "permutation",
    "permutation+roll0",
    "untrained",
    "noise",
    "renoise",
    "roll1",
    "roll7",
    "shift:dx=0.01",
    "rotate:deg=0.5",
    "rotate:deg=359",
    "rot90",
    "rot90+rot90",
    "mirror",
    "contrast",
    "contrast:gain=1.001",
    "contrast:gain=1,offset=0.001",
    "addnoise:snr=100",
    "untrained+roll1",
]


def is_refused(spec: str, stack: Any) -> bool:
    try:
        refuse_idle([parse_transform(spec)], stack, 0)
    except InputError:
        return True
    return False


@pytest.mark.parametrize("stack", [particles(), particles((3, 8, 8)), particles(offset=500.0), bare(12, 3, 8, 8)])
def test_what_gives_the_images_back_is_refused(stack: Any) -> None:
    for spec in IDLE:
        with pytest.raises(InputError, match="does nothing to these images of 8 x 8 pixels") as refused:
            refuse_idle([parse_transform("roll2"), parse_transform(spec)], stack, 0)
        assert str(refused.value).startswith(f"{parse_transform(spec)} does nothing")


@pytest.mark.parametrize("stack", [particles(), particles((3, 8, 8)), particles(offset=500.0), bare(12, 3, 8, 8)])
def test_what_changes_them_is_not(stack: Any) -> None:
    assert [spec for spec in ACTING if is_refused(spec, stack)] == []


def test_what_is_told_of_the_images_counts_too() -> None:
    stack = particles()
    for spec in ("ctf:defocus=1", "ctf:angle=1", "ctf:angle=90"):
        refuse_idle([parse_transform(spec)], stack, 0)
    for spec in ("ctf:defocus=0", "ctf:angle=180", "ctf:angle=-360"):  # astigmatism repeats
        with pytest.raises(InputError, match="does nothing"):
            refuse_idle([parse_transform(spec)], stack, 0)
    still = Observed(np.tile(np.eye(8, dtype=np.float32)[:, ::-1] + np.eye(8, dtype=np.float32), (12, 1, 1)), {})
    with pytest.raises(InputError, match="does nothing"):
        refuse_idle([parse_transform("mirror")], still, 0)
    turned = Observed(still.images, {"shift_px": torch.ones(12, 2)})
    refuse_idle([parse_transform("mirror")], turned, 0)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("roll99", "roll99 moves images of 8 x 8 pixels by 99: .* a roll by 99 of 8 pixels is one by 3. Give dx less"),
        ("roll8", "a roll by 8 of 8 pixels is one by 0"),
        ("roll:dy=-8", "a roll by -8 of 8 pixels is one by 0. Give dy less than 8"),
        ("shift:dx=8.5", "a shift by 8.5 of 8 pixels is one by 0.5"),
        ("contrast+roll-9", "roll-9 moves .* is one by -1"),
        ("permutation+roll9", "roll9 moves"),
    ],
)
def test_rolls_by_the_whole_box_are_refused(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        refuse_idle([parse_transform(spec)], bare(12, 8, 8), 0)
    refuse_idle([parse_transform("roll7"), parse_transform("roll:dy=-7")], bare(12, 8, 8), 0)


def test_images_that_cannot_be_used_are_not_looked_at() -> None:
    images = np.ones((200, 8, 8), np.float32)
    images[150] = DRAWN.normal(size=(8, 8))
    images[3, 0, 0] = np.nan
    refuse_idle([parse_transform("roll1")], open_stack(images), 0)
    with pytest.raises(InputError, match="does nothing"):
        refuse_idle([parse_transform("roll0")], open_stack(images), 0)
    refuse_idle([parse_transform("roll0")], open_stack(images[:100]), 0)  # the pass says that none can be used


def test_from_python_too() -> None:
    calls = []

    def encoder(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        return images.flatten(1)[:, :2]

    images = DRAWN.normal(size=(30, 8, 8)).astype(np.float32)
    with pytest.raises(InputError, match="rotate:deg=360 does nothing"):
        encaudit.audit(encoder, images, transforms=["roll1", "rotate:deg=360"], umap=False, controls=False)
    assert calls == []

"""What can be seen on a picture."""

import io

import numpy as np
from PIL import Image

LIMIT = 300_000  # bytes


def assert_png(png: bytes | None) -> Image.Image:
    """Hold a picture to the form and the size of a report's, and return it."""
    assert png is not None
    assert png.startswith(b"\x89PNG")
    assert len(png) < LIMIT
    return Image.open(io.BytesIO(png)).convert("RGB")


def pixels_of(picture: Image.Image, color: str) -> int:
    """How many pixels have about this colour?"""
    wanted = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)])
    away = np.abs(np.asarray(picture, dtype=int) - wanted).max(axis=2)
    return int((away < 24).sum())

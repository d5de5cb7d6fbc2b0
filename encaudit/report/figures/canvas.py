"""Paper, ink and colours of all figures; matplotlib without pyplot, so that no window or global state is touched."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DPI = 150
MOST_BYTES = 300_000  # a report holds a dozen of them; only slices of pure noise come near

# The paper's red, green and purple, in shades of different lightness and always with different markers, so that they
# can be told apart without colour vision.
IMAGE_RED = "#a50f15"
MOVED_GREEN = "#14a37f"
LINE_PURPLE = "#7b3fa0"
INK = "#222222"
FAINT = "#6b6b6b"
RANDOM_GREY = "#9a9a9a"
MEASURED_BLUE = "#2166ac"

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": "#8a8a8a",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}


@contextmanager
def paper(width: float, height: float) -> Iterator[Any]:
    """Give an empty figure (inches) on which the package's style holds."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def png(figure: Any) -> bytes:
    """Return a figure as the bytes of a PNG, of as many colours as fit into ``MOST_BYTES``; 20 are enough."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="rgba", dpi=DPI)
    picture = Image.frombytes("RGBA", figure.canvas.get_width_height(), drawn.getvalue()).convert("RGB")
    for colors in (256, 64, 20):
        small = io.BytesIO()
        reduced = picture.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        reduced.save(small, "png", optimize=True)
        if small.tell() <= MOST_BYTES:
            break
    return small.getvalue()

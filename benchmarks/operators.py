"""Where does the time of the pass go, and how near is each part to what the machine can do?"""

import time
from collections import defaultdict
from collections.abc import Sequence

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.contestants import ours
from benchmarks.machine import Machine
from encaudit.encoders import open_encoder
from tests.fresh_run import FreshRun

KINDS = {
    "first layer and network (matrix products)": ("addmm", "mm", "gemm", "linear"),
    "Fourier transforms": ("_fft_r2c", "_fft_c2c", "fft"),
    "pixels: window, roll, turn, flip": ("mul", "cat", "flip", "roll", "rot90", "copy_"),
    "CTF and centring": ("cos", "sin", "pow", "sign", "polar", "atan2", "sub", "add", "div", "sqrt"),
    "spread of the pixels": ("sum", "linalg_vector_norm", "mean"),
}
REST = "gathering of coefficients, reading, Python and the rest"


def where_the_time_goes(run: FreshRun, specs: Sequence[str], machine: Machine, device: str) -> list[list[str]]:
    """Return rows: part, its share of the wall time, its bound, and which share of the bound it reaches."""
    go = ours(run, specs, device)
    go()
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device != "cpu" else [])
    with profile(activities=activities) as watched:
        started = time.perf_counter()
        encoded = go()
        wall = time.perf_counter() - started
    seconds: dict[str, float] = defaultdict(float)
    for event in watched.key_averages():
        name = event.key.removeprefix("aten::")
        kind = next((kind for kind, names in KINDS.items() if name in names), None)
        if kind is not None:
            own = event.self_cpu_time_total if device == "cpu" else event.self_device_time_total
            seconds[kind] += own / 1e6
    n = encoded // (1 + len(specs))
    encodings = n * (2 + len(specs))  # the identity's second one too
    flop, read = _flop(run, encodings), 4 * n * run.images.shape[-1] ** 2
    product = next(iter(KINDS))
    rows = []
    for kind in [*KINDS, REST]:
        spent = seconds[kind] if kind != REST else wall - sum(seconds.values())
        bound = of_bound = ""
        if kind == product:
            bound = f"{machine.product / 1e9:,.0f} GFLOP/s"
            of_bound = f"{flop / spent / machine.product:.0%}" if spent else ""
        rows.append([kind, f"{spent / wall:.0%}", bound, of_bound])
    rows.append(
        [
            "all, against reading the file once",
            "100%",
            f"{machine.file / 1e9:,.1f} GB/s",
            f"{read / wall / machine.file:.0%}",
        ]
    )
    return rows


def _flop(run: FreshRun, encodings: int) -> float:
    """Multiplications and additions of the matrix products of so many encodings."""
    encoder = open_encoder(str(run.checkpoint)).encoder
    layers = [layer for layer in encoder.model.encoder.modules() if isinstance(layer, torch.nn.Linear)]
    return 2.0 * encodings * sum(layer.weight.numel() for layer in layers)

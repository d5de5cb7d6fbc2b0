"""What this machine can do at best: the bounds that measured speeds are held against."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch


@dataclass(frozen=True)
class Machine:
    """Bounds, each the best of a few trials: matrix product (FLOP/s), reading memory and a cached file (bytes/s)."""

    name: str
    threads: int
    product: float
    memory: float
    file: float


def measured(device: str, file: Path) -> Machine:
    """Measure the device, and reading of a file that was just written, which the system still holds in memory."""
    size = 2048 if device == "cpu" else 8192
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    product = 2 * size**3 / best(lambda: torch.mm(a, b), device)
    much = torch.ones(2**26, device=device)
    memory = 4 * len(much) / best(lambda: much.sum(), device)
    found = np.fromfile(file, np.uint8)
    reading = len(found) / best(lambda: np.fromfile(file, np.uint8), "cpu")
    return Machine(named(device), torch.get_num_threads(), product, memory, reading)


def named(device: str) -> str:
    if device != "cpu":
        return torch.cuda.get_device_name()
    model = next((line for line in _cpuinfo() if line.startswith("model name")), platform.processor())
    return f"{model.partition(':')[2].strip() or model}, {len(os.sched_getaffinity(0))} cores"


def best(go: Callable[[], object], device: str, trials: int = 5) -> float:
    """Seconds of the fastest trial, after one that is not counted."""
    seconds = []
    for _ in range(trials + 1):
        started = time.perf_counter()
        go()
        if device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []

"""How fast are volumes decoded, against cryoDRGN's own `eval_volume`?

Side by side in one run, interleaved: one latent at a time, and several that share the encoding of the points. Prints
medians of seconds per volume, their ratio, and how far apart the volumes are. Fresh weights: the speed does not depend
on training.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from encaudit.encoders.cryodrgn import CryodrgnEncoder
from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from tests.fresh_run import config_for

THEIRS = "cryodrgn eval_volume"


def contestants(box: int, pe_type: str, together: int) -> dict[str, Callable[[], list[np.ndarray]]]:
    config = config_for(box, "resid", 8, layers=3, dim=256)
    config["model_args"]["pe_type"] = pe_type
    encoder = CryodrgnEncoder(CryodrgnConfig.model_validate(config), None, seed=0)
    zs = np.random.default_rng(0).normal(size=(together, 8)).astype(np.float32)

    def theirs() -> list[np.ndarray]:
        lattice, norm = encoder.lattice, config["dataset_args"]["norm"]
        return [encoder.model.decoder.eval_volume(lattice.coords, lattice.D, lattice.extent, norm, zs[0]).numpy()]

    return {
        THEIRS: theirs,
        "encaudit, one latent": lambda: [encoder.decode_volume(zs[0])],
        f"encaudit, {together} latents": lambda: list(encoder.decode_volumes(zs)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--box", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--pe-type", nargs="+", default=["gaussian", "geom_lowf"])
    parser.add_argument("--together", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    table = Table(title=f"seconds/volume, decoder 3x256, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for column in ("box", "encoding", "contestant", "median", "min .. max", "faster by", "relative difference"):
        table.add_column(column, justify="left" if column in ("encoding", "contestant") else "right")
    for box in options.box:
        for pe_type in options.pe_type:
            took: dict[str, list[float]] = {}
            volumes: dict[str, np.ndarray] = {}
            runners = contestants(box, pe_type, options.together)
            for _ in range(options.rounds):
                for name, go in runners.items():
                    started = time.perf_counter()
                    made = go()
                    took.setdefault(name, []).append((time.perf_counter() - started) / len(made))
                    volumes[name] = made[0]
            expected = volumes[THEIRS]
            for name, seconds in took.items():
                median, apart = statistics.median(seconds), np.linalg.norm(volumes[name] - expected)
                table.add_row(
                    *(str(box), pe_type, name, f"{median:.2f}", f"{min(seconds):.2f} .. {max(seconds):.2f}"),
                    *(f"{statistics.median(took[THEIRS]) / median:.2f}x", f"{apart / np.linalg.norm(expected):.1e}"),
                )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()

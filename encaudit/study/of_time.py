"""Table 1: how long does an epoch of each system take, on this machine?"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from encaudit.study.place import Place
from encaudit.study.results import Measure
from encaudit.study.tasks import Row, Timed
from encaudit.study.training import settings_of
from encaudit.train.particle_run import train_particles


def measure_timed(row: Row, place: Place) -> tuple[dict[str, Measure], list[str]]:
    """Train each system for one epoch on some images, in turn, several times; intervals are the range of the rounds."""
    task = row.task
    assert isinstance(task, Timed)
    images, rounds = place.scale.timed
    seconds: dict[str, list[float]] = {title: [] for title, _ in task.systems}
    place.folder.run(row.key).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.folder.run(row.key)) as scratch:
        for number in range(rounds):
            for title, trained in task.systems:
                settings = settings_of(trained, place, n=images, epochs=1)
                out = Path(scratch) / f"{number}"
                record = train_particles(
                    settings, out, command=place.command, device=place.device, watcher=place.watcher, stop=place.stop
                )
                seconds[title].append(record.epochs[0].seconds)
                shutil.rmtree(out)
                n = record.n
    shutil.rmtree(place.folder.run(row.key))
    measures: dict[str, Measure] = {}
    first = np.array(seconds[task.systems[0][0]])
    departures = []
    for title, values in seconds.items():
        ratio = np.array(values) / first
        measures[f"{title}/ms"] = _over(np.array(values) / n * 1_000, n)
        measures[f"{title}/ratio"] = _over(ratio, n)
        departures.append(np.abs(ratio - 1))
    furthest = np.array(departures).T[:, int(np.argmax([np.median(one) for one in departures]))]
    measures["furthest"] = _over(furthest, n)
    return measures, [f"{rounds} rounds of an epoch on {n} images each; intervals are from the fastest to the slowest."]


def _over(values: np.ndarray, n: int) -> Measure:
    return Measure(value=float(np.median(values)), low=float(values.min()), high=float(values.max()), n=n)

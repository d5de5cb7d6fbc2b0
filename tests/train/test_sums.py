"""Several processes train one network: what they come to is what one comes to, but for the order of sums."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.probe import Ranks
from encaudit.train.run_folder import RunFolder, read_record
from encaudit.train.sums import Sums
from tests.fresh_run import FreshRun
from tests.train.small_runs import settings_for, train

ROOT = Path(__file__).parent.parent.parent
SYSTEMS = {"vae": {"held_out": 0.1}, "vlt": {"table_lr": 0.1}, "twin": {}}
# With batches of 9 of 30 images, parts are of unequal size; the last batch has 3.
BY_TWO = """
import sys
import types
analyze = types.ModuleType("cryodrgn.commands.analyze")  # train_vae imports it, for seconds, and it is not asked for
analyze.main = analyze.add_args = None
sys.modules[analyze.__name__] = analyze
from pathlib import Path
from encaudit.probe import joined
from tests.fresh_run import FreshRun
from tests.train.small_runs import settings_for, train
from tests.train.test_sums import SYSTEMS
run = FreshRun(Path(sys.argv[1]), {}, None, None, None, None)
with joined() as ranks:
    for kind, changes in SYSTEMS.items():
        train(settings_for(run, kind, batch_size=9, **changes), Path(sys.argv[2]) / kind, ranks=ranks)
"""


def of(number: int, count: int) -> Sums:
    return Sums(Ranks(number, count), torch.device("cpu"))


def test_parts_cover_a_batch() -> None:
    for n in (0, 1, 2, 7, 8):
        for count in (1, 2, 3):
            parts = [np.arange(n)[of(number, count).part(n)] for number in range(count)]
            assert np.concatenate(parts).tolist() == list(range(n))


def test_two_processes_come_to_what_one_comes_to(run: FreshRun, tmp_path: Path) -> None:
    script = tmp_path / "by_two.py"
    script.write_text(BY_TWO)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    both = subprocess.run(
        [*command, str(run.folder), str(tmp_path / "two")], env=environment, capture_output=True, timeout=300
    )
    assert both.returncode == 0, both.stderr.decode()[-3000:]
    for kind, changes in SYSTEMS.items():
        one, two = tmp_path / "one" / kind, tmp_path / "two" / kind
        train(settings_for(run, kind, batch_size=9, **changes), one)
        assert read_record(two).processes == 2
        ours, theirs = ([epoch.train.model_dump() for epoch in read_record(folder).epochs] for folder in (one, two))
        for mine, other in zip(ours, theirs, strict=True):
            assert mine == pytest.approx(other, rel=1e-5)
        mine, other = (RunFolder(folder).read_state()["objective"] for folder in (one, two))
        for name, value in mine["model"].items():
            torch.testing.assert_close(value, other["model"][name], rtol=1e-3, atol=1e-5)
        if kind == "vlt":
            for name, value in mine["table"].items():
                torch.testing.assert_close(value, other["table"][name], rtol=1e-3, atol=1e-5)
            assert (mine["table"]["mu.weight"] != mine["table"]["start_mu"]).all()

"""Sentences of the command line, as a program is told them."""

import pytest

from encaudit.from_python.auditing import OPTIONS
from encaudit.from_python.python_terms import in_python


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("Give them with --images PATH.", "Give them with images=PATH."),
        ("--poses PATH (or --poses none)", "poses=PATH (or poses='none')"),
        ("type --channels 1 or --channels 3.", "type channels=1 or channels=3."),
        ("--batch-size 0: expected a positive number.", "batch_size=0: expected a positive number."),
        ("--umap-n N for fewer images, or --no-umap", "umap_n=N for fewer images, or umap=False"),
        ("add --trust-pickle; or save", "add trust_pickle=True; or save"),
        ("Leave out --encoder.", "Leave out kind."),
        (
            "as before (-t roll1 -t rot90:frame=array --seed 0).",
            "as before (transforms=['roll1', 'rot90:frame=array'] seed=0).",
        ),
        ("(-t roll1).", "(transforms=['roll1'])."),
        ("(--images /data/x.npy --n 60).", "(images='/data/x.npy' n=60)."),
        ("Type --precision float32.", "Type precision='float32'."),
        ("found (3,) and --precision", "found (3,) and precision"),
        ("(--calibration prior, without --grid)", "(calibration='prior', without grid)"),
        (
            "the run's --beta 3 sets none; cryodrgn parse_ctf_star --ps 0",
            "the run's --beta 3 sets none; cryodrgn parse_ctf_star --ps 0",
        ),
    ],
)
def test_options_become_arguments_and_all_else_stays(typed: str, called: str) -> None:
    assert in_python(typed, OPTIONS) == called

"""`encaudit train` on particles, with cryoDRGN's own networks and loss."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encaudit.cli.training_told import say_how_it_went

if TYPE_CHECKING:
    from encaudit.train.settings import Kind


def train_on_particles(
    kind: "Kind",
    typed: dict[str, Any],
    preset: str | None,
    like: str | None,
    config: Path | None,
    output: Path,
    device: str,
    resume: bool,
) -> None:
    """Train on particles as was typed, by several processes where torchrun started them."""
    from encaudit.cli.interrupt import asking_to_stop
    from encaudit.cli.progress import Progress
    from encaudit.devices import chosen_device
    from encaudit.probe import joined
    from encaudit.train.like import like as likeness_of
    from encaudit.train.particle_run import train_particles
    from encaudit.train.resolving import resolve
    from encaudit.train.resuming import resumed

    with (
        joined() as ranks,
        Progress(shown=ranks.is_first) as progress,
        contextlib.redirect_stdout(sys.stderr),
    ):
        progress.stage("Loading cryoDRGN")
        before, notes = None, tuple[str, ...]()
        with ranks.together():
            there = chosen_device(device, ranks)
            if resume:
                settings, before = resumed(output, kind, typed)
            else:
                likeness = None if like is None else likeness_of(like, given=typed, config=config)
                settings = resolve(kind, typed, preset=preset, likeness=likeness)
                notes = () if likeness is None else likeness.notes
        for note in notes if ranks.is_first else ():
            progress.say(note)
        with asking_to_stop() as asked:
            record = train_particles(
                settings,
                output,
                command=sys.argv[1:],
                device=there,
                watcher=progress,
                ranks=ranks,
                before=before,
                stop=asked,
            )
    if ranks.is_first:
        say_how_it_went(record, output)

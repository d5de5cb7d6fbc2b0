"""`encaudit train --dataset`: the same three systems on images of digits."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encaudit.cli.training_told import say_how_it_went
from encaudit.errors import InputError

if TYPE_CHECKING:
    from encaudit.train.settings import Kind


def train_on_digits(
    kind: "Kind",
    dataset: str,
    typed: dict[str, Any],
    arch: str | None,
    other_way: str | None,
    output: Path,
    device: str,
    resume: bool,
) -> None:
    """Train on images of digits as was typed; ``other_way`` is what --preset or --like said, which are of particles."""
    from encaudit.cli.interrupt import asking_to_stop
    from encaudit.cli.progress import Progress
    from encaudit.datasets.digit_images import find_digits
    from encaudit.devices import chosen_device
    from encaudit.probe import joined
    from encaudit.train.digits_run import train_digits
    from encaudit.train.digits_settings import checked_digits, resolve_digits
    from encaudit.train.resuming import going_on

    if other_way is not None:
        raise InputError("--preset and --like are of particles. For digits, say --arch and flags for what differs.")
    with joined() as ranks, Progress(shown=ranks.is_first) as progress:
        with ranks.together():
            there = chosen_device(device, ranks)
            images = str(find_digits(dataset).absolute())
            settings = resolve_digits(kind, images, typed, arch or "paper-code")
            before = None
            if resume:
                layers = ("encoder_layers", "decoder_layers") if arch or {"qlayers", "players"} & set(typed) else ()
                named = [name for name in ("images", *layers, *typed) if hasattr(settings, name)]
                given = {name: getattr(settings, name) for name in named}
                settings, before = going_on(output, kind, given, "digits", checked_digits)
        with asking_to_stop() as asked:
            record = train_digits(
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
        print(f"Next: encaudit probe {output} --images {images} -t roll1 -t roll5", file=sys.stderr)

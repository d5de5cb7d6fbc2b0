"""The study from its first row to its page: each row trained, measured and kept, so that a killed run goes on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from encaudit.devices import chosen_device
from encaudit.errors import DivergedError, InputError, MachineError, StoppedError
from encaudit.probe import ALONE
from encaudit.provenance import describe_run
from encaudit.study.claims import BY_KEY
from encaudit.study.data import make_missing, study_data
from encaudit.study.folder import PAGE, StudyFolder
from encaudit.study.judged import JudgedRow, judged_rows
from encaudit.study.of_digits import measure_probed_digits, measure_trained_digits
from encaudit.study.of_probes import measure_probed
from encaudit.study.of_time import measure_timed
from encaudit.study.of_trained import measure_trained
from encaudit.study.options import StudyOptions, Watcher, check, chosen_rows, names_data
from encaudit.study.page import write_page
from encaudit.study.place import Place
from encaudit.study.plan import Plan, plan_of
from encaudit.study.progress import RowWatcher
from encaudit.study.results import RowResult
from encaudit.study.scales import SCALES, Scale
from encaudit.study.tasks import Probed, ProbedDigits, Row, Timed, Trained, TrainedDigits

MEASURING: dict[type, Callable[[Row, Place], Any]] = {
    Trained: measure_trained,
    Probed: measure_probed,
    TrainedDigits: measure_trained_digits,
    ProbedDigits: measure_probed_digits,
    Timed: measure_timed,
}


@dataclass(frozen=True)
class Study:
    """What a study came to: its rows with their verdicts, and its page."""

    rows: list[JudgedRow]
    page: Path


def study_paper(
    options: StudyOptions,
    *,
    command: Sequence[str],
    watcher: Watcher,
    stop: Callable[[], object] = lambda: None,
    scale: Scale | None = None,
) -> Study:
    """Carry out the rows of the paper that are not done yet, and write the page after each.

    ``stop`` is asked whether to end there; finished rows stay. Raises EncauditError for what the user can mend, and
    StoppedError when asked to stop.
    """
    check(options)
    device = chosen_device(options.device, ALONE)
    folder = StudyFolder(options.output)
    planned = folder.begin(resume=options.resume)
    watcher.stage("Finding the images")
    plan = _plan(options, planned, scale)
    if planned is None:
        folder.write_plan(asdict(plan))
    scale, data = scale or SCALES[plan.scale], plan.data
    make_missing(data, scale, options.output)
    keys = chosen_rows(options.only)
    steps = RowWatcher(watcher, keys, [key for key in keys if folder.result(key) is not None], stop)
    place = Place(folder, scale, data, plan.seed, device, command, steps, steps.stopping)
    about = describe_run(command, seed=plan.seed, device=device, precision="", transforms=())
    del about["transforms"], about["precision"]  # of each run, and said there
    about |= {"data": data.plain(), "scale": {"name": scale.name, "networks": scale.networks}}
    about["scale"] |= {"training": scale.training, "table_lr": scale.table_lr, "training_of_digits": scale.digits}
    for key in keys:
        if folder.result(key) is None:
            steps.begin(key)
            folder.write_result(_carried_out(BY_KEY[key], place))
            steps.done(key)
            write_page(folder, scale, data, about)
    watcher.stage("Writing the page")
    write_page(folder, scale, data, about)
    return Study(judged_rows(folder), options.output / PAGE)


def _plan(options: StudyOptions, planned: Mapping[str, Any] | None, scale: Scale | None) -> Plan:
    """Return scale, seed and data: as asked for, as the study that goes on was begun, or by default.

    Raises InputError where what is asked for is not what was begun.
    """
    began = None if planned is None else plan_of(planned)
    name = options.scale or ("tiny" if began is None else began.scale)
    seed = options.seed if options.seed is not None else 0 if began is None else began.seed
    if began is None or names_data(options):
        data = study_data(options, scale or SCALES[name], options.output)
    else:
        data = began.data
    plan = Plan(name, seed, data)
    if began is not None and began != plan:
        raise InputError(
            f"{options.output} was begun with scale {began.scale}, seed {began.seed} and {began.data.about}, and this "
            f"asks for scale {name}, seed {seed} and {data.about}. Leave out what differs, or name another -o DIR."
        )
    return plan


def _carried_out(row: Row, place: Place) -> RowResult:
    started = time.monotonic()
    try:
        measures, notes = MEASURING[type(row.task)](row, place)
        failed = None
    except DivergedError as error:  # of this row alone; the others can be read without it
        measures, notes, failed = {}, [], str(error)
    except MachineError as error:  # what it says to type are options of the command that does this row alone
        raise MachineError(
            f"{str(error).partition(' Type ')[0]} That was {row.name} of the study. Make room and go on with --resume "
            f"-o {place.folder.path}; finished rows stay. A smaller --scale asks for less."
        ) from error
    except StoppedError as error:
        raise StoppedError(
            f"stopped; finished rows stay, and the one begun goes on at its checkpoint. Go on with --resume "
            f"-o {place.folder.path}.",
            error.asked_by,
        ) from None
    return RowResult(
        row=row.key, seconds=round(time.monotonic() - started, 1), measures=measures, notes=notes, failed=failed
    )

"""What a study was begun with, which it has to go on with."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from encaudit.errors import InputError
from encaudit.study.data import StudyData


@dataclass(frozen=True)
class Plan:
    """Scale, seed and data of a study."""

    scale: str
    seed: int
    data: StudyData


def plan_of(content: Any) -> Plan:
    """Return the plan that plan.json holds; InputError for a damaged one."""
    try:
        return TypeAdapter(Plan).validate_python(content)
    except ValidationError:
        raise InputError("plan.json of the study is damaged. Start the study anew in another folder.") from None

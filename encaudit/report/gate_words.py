"""How a gate is told, the same in every output."""

from encaudit.gate import Check, Gate


def verdict(gate: Gate) -> str:
    """Say in one sentence whether the gate is passed, and with what."""
    counts = {outcome: count for outcome, count in gate.counts().items() if count}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"The gate is {'passed' if gate.passed else 'NOT passed'}: {told} of {len(gate.checks)} checks."


ACCEPT = "encaudit baseline REPORT -o FILE --update; --output DIR keeps the report of a checkpoint"


def what_next(gate: Gate, accept: str = ACCEPT) -> str | None:
    """Say what can be done about a gate that is not passed; None for one that is. ``accept``: what accepts it."""
    failed = next((check for check in gate.checks if check.blocks), None)
    if failed is None:
        return None
    asks = f"What a metric asks: encaudit explain {failed.metric}."
    if all(check.kind in ("max", "min") for check in gate.checks if check.blocks):  # whatever was accepted before
        return f'{asks} Change its limit in the rules, or excuse it for a while by a waiver with id = "{failed.id}".'
    return (
        f"{asks} If the change is meant, accept it ({accept}), or "
        f'excuse it for a while by a waiver with id = "{failed.id}".'
    )


def status(check: Check) -> str:
    """Return what became of a check in one word: failed only where that fails the gate."""
    return "warning" if check.outcome == "failed" and not check.blocks else check.outcome


def in_order(checks: list[Check]) -> list[Check]:
    """Return what has to be read first, first."""
    order = ["failed", "warning", "waived", "skipped", "passed"]
    return sorted(checks, key=lambda check: order.index(status(check)))


def number(value: float | None) -> str:
    """Write a number with four digits that count, and nothing as a dash."""
    return "–" if value is None else f"{value:.4g}"


def interval(check: Check) -> str:
    """Write the change and its interval."""
    if check.low is None or check.high is None:
        return number(check.change)
    return f"{number(check.change)} ({number(check.low)} to {number(check.high)})"

"""`encaudit explain`: what a name in a report means."""

from typing import Annotated

import typer


def explain(
    name: Annotated[
        str | None,
        typer.Argument(help="A verdict, metric, control or transform, such as scatters, pair_auc or rot90."),
    ] = None,
) -> None:
    """What does a verdict, metric, control or transform ask, and how is it computed? Without a name, lists all."""
    from encaudit.explain import explain as explained
    from encaudit.explain import names_by_kind

    print(names_by_kind() if name is None else explained(name))

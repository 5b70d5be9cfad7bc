"""``ablate dashboard``: look at studies in Optuna's dashboard."""

from __future__ import annotations

import importlib.util

import click

from ablate.cli.options import storage_option, storage_place
from ablate.errors import AblateError, InputError, Problem


@click.command("dashboard")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@storage_option
def command(host: str, port: int, storage: str) -> int:
    """Show all studies in Optuna's dashboard, on this machine only unless told otherwise.

    The dashboard can also change and delete studies, and asks nobody for a password: name
    another --host only in a network that you trust.
    """
    if importlib.util.find_spec("optuna_dashboard") is None:
        hint = 'install it: pip install "keras-ablate[dashboard]"'
        raise AblateError(f"Optuna's dashboard is not installed; {hint}")
    from wsgiref.simple_server import make_server

    from optuna_dashboard import wsgi

    from ablate.store.artifacts import Artifacts
    from ablate.store.place import open_existing

    place = storage_place(storage)
    opened = open_existing(place)
    app = wsgi(opened, artifact_store=Artifacts(place, opened).store)
    try:
        server = make_server(host, port, app)
    except OSError as error:
        rule = f"cannot listen there: {error.strerror}"
        raise InputError(Problem(f"{host}:{port}", rule, hint="name another --port")) from error
    click.echo(f"http://{host}:{server.server_port}/dashboard (Ctrl-C ends it)")
    with server:
        server.serve_forever()
    return 0

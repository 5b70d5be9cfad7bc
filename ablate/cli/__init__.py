"""The command line, one file for each command; a command's module is loaded when it is used."""

from __future__ import annotations

import errno
import importlib
import os
import sys

import click

from ablate.errors import AblateError, did_you_mean

COMMANDS = {
    "check": "Check STUDIES and print what was read and what would run.",
    "compare": "Print the best variants of several studies in one table.",
    "dashboard": "Show all studies in Optuna's dashboard, on this machine only unless told otherwise.",
    "data": "Print the data card of NAME: sizes, classes, copies, and leaks into the test set.",
    "delete": "Delete STUDY, by name: its trials, its replicates and their artifacts.",
    "doctor": "Look a storage over: damaged lines, left-over files, lost trials, missing artifacts.",
    "export": "Copy the model of VARIANT of STUDY to FILE.keras, which Keras loads without ablate.",
    "judge": "Judge the runs in RESULTS.csv, which were trained elsewhere: verdicts, intervals, pairs.",
    "list": "List the studies of a storage: how far each is, its size, its last activity.",
    "plan": "Print how many trainings STUDY needs, and about how long they take on this machine.",
    "report": "Report on STUDY, by name; without one, on the study that was trained last.",
    "run": "Run STUDY, a file or the name of a shipped one, until all its trials are finished.",
    "show": "Show everything about TRIAL of STUDY: how it ended, its settings, measures and curves.",
}
"""All commands, each with the first sentence of its help, so that listing them loads none."""

HELP = {"help_option_names": ["-h", "--help"]}


class _Commands(click.Group):
    """Loads only the command that is used, so that every command starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return [*COMMANDS]  # `list` is a command here

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Loads one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"ablate.cli.{name}").command
        command.context_settings.update(HELP)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands as click does, from the table."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        lines = [
            (name, click.Command(name, help=text).get_short_help_str(limit))
            for name, text in COMMANDS.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(lines)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds a command; an unknown one is answered with the nearest."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            ctx.fail(f"unknown command {name}; {did_you_mean(name, COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings=HELP)
@click.version_option(package_name="keras-ablate", prog_name="ablate")
def cli() -> None:
    """Which design choice matters, by how much, at what cost, and can I believe it?

    A study file asks the question; `ablate run` trains what it needs, `ablate report` answers.

    \b
    ablate check smoke             what would run?
    ablate run smoke               run it, or what is left of it
    ablate report smoke            the trade-off table, also under reports/smoke/
    """


def main() -> None:
    """Runs the command line: exit code 0 done, 1 failed, 2 bad input, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except AblateError as error:
        click.echo(f"{error}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        code = 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; there is nobody to tell
        code = 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  it would be tried again at the end
        click.echo(f"the output cannot be written: {error.strerror}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)

"""Writes docs/commands.md from the commands' own help. Run it with ``make docs``."""

from __future__ import annotations

from pathlib import Path

import click

from ablate.cli import COMMANDS, cli

TARGET = Path(__file__).parent / "commands.md"


def commands_page() -> str:
    """Every ``--help`` page, in one Markdown page."""
    parts = ["# Commands", _page(cli, "ablate")]
    with click.Context(cli, info_name="ablate") as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            parts += [f"## ablate {name}", _page(command, f"ablate {name}")]
    return "\n\n".join(parts) + "\n"


def _page(command: click.Command, name: str) -> str:
    context = click.Context(
        command,
        info_name=name,
        max_content_width=100,
        terminal_width=100,
        **cli.context_settings,
    )
    return f"```text\n{command.get_help(context)}\n```"


if __name__ == "__main__":
    TARGET.write_text(commands_page())

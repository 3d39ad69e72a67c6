"""The command line: one module a room, listed here by name and loaded when its command is called."""

from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup

COMMANDS = {
    **{f"{room.replace('_', '-')}": f"{room}:group" for room in (
        "audit", "auctions", "financing", "ledger", "registry", "risk_pool", "search", "valuation",
    )},
    "doctor": "doctor:doctor", "serve": "running:serve", "worker": "running:worker", "live": "running:live",
    "init-db": "running:init_db", "seed": "seed:seed",
}  # fmt: skip


class Commands(AppGroup):
    """The application's commands, each loaded with its libraries only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command by name."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"marketplace.commands.{module}"), name)
        return command


def add_commands(app: Flask) -> None:
    """Give the application its commands."""
    app.cli = Commands(app.name)

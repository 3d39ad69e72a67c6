"""Replay published auction logs."""

from flask.cli import AppGroup

group = AppGroup("auctions", help="Replay published auction logs.")

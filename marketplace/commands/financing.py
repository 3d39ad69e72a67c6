"""Schedules and day counts."""

from flask.cli import AppGroup

group = AppGroup("financing", help="Schedules and day counts.")

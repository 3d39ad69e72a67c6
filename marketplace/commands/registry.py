"""Import, show and verify the register."""

from flask.cli import AppGroup

group = AppGroup("registry", help="Import, show and verify the register.")

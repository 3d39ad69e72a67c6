"""Train, predict, evaluate and report values."""

from flask.cli import AppGroup

group = AppGroup("valuation", help="Train, predict, evaluate and report values.")

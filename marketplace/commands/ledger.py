"""Prove the ledger."""

from flask.cli import AppGroup

group = AppGroup("ledger", help="Prove the ledger.")

"""Prove the audit trail."""

from flask.cli import AppGroup

group = AppGroup("audit", help="Prove the audit trail.")

"""The pages of ledger."""

from flask import Blueprint

pages = Blueprint("ledger", __name__, template_folder="templates")

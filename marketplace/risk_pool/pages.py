"""The pages of risk_pool."""

from flask import Blueprint

pages = Blueprint("risk_pool", __name__, template_folder="templates")

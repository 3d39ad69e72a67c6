"""The pages of audit."""

from flask import Blueprint

pages = Blueprint("audit", __name__, template_folder="templates")

"""The pages of notices."""

from flask import Blueprint

pages = Blueprint("notices", __name__, template_folder="templates")

"""The pages of deals."""

from flask import Blueprint

pages = Blueprint("deals", __name__, template_folder="templates")

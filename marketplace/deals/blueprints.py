"""The blueprint that the pages of negotiations and deals share."""

from flask import Blueprint

pages = Blueprint("deals", __name__, template_folder="templates")

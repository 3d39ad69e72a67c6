"""The blueprint that the pages of the register share."""

from flask import Blueprint

pages = Blueprint("registry", __name__, template_folder="templates")

"""The pages of identity."""

from flask import Blueprint

pages = Blueprint("identity", __name__, template_folder="templates")

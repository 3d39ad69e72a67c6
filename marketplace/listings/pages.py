"""The pages of listings."""

from flask import Blueprint

pages = Blueprint("listings", __name__, template_folder="templates")

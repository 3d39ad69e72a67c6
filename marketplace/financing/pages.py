"""The pages of financing."""

from flask import Blueprint

pages = Blueprint("financing", __name__, template_folder="templates")

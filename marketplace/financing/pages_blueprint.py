"""The one blueprint of financing's pages."""

from flask import Blueprint

pages = Blueprint("financing", __name__, template_folder="templates")

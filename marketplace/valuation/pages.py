"""The pages of valuation."""

from flask import Blueprint

pages = Blueprint("valuation", __name__, template_folder="templates")

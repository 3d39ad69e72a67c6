"""The blueprints that the pages and the API of this room share."""

from apiflask import APIBlueprint
from flask import Blueprint

pages = Blueprint("valuation", __name__, template_folder="templates")
api = APIBlueprint("valuation_api", __name__, url_prefix="/api/v1", tag="valuation")

"""The blueprints that the pages and the API of negotiations and deals share."""

from apiflask import APIBlueprint
from flask import Blueprint

api = APIBlueprint("deals_api", __name__, url_prefix="/api/v1", tag="deals")

pages = Blueprint("deals", __name__, template_folder="templates")

"""The JSON API of deals."""

from apiflask import APIBlueprint

api = APIBlueprint("deals_api", __name__, url_prefix="/api/v1", tag="deals")

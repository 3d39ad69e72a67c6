"""The JSON API of web."""

from apiflask import APIBlueprint

api = APIBlueprint("web_api", __name__, url_prefix="/api/v1", tag="web")

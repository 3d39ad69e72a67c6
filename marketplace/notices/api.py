"""The JSON API of notices."""

from apiflask import APIBlueprint

api = APIBlueprint("notices_api", __name__, url_prefix="/api/v1", tag="notices")

"""The JSON API of financing."""

from apiflask import APIBlueprint

api = APIBlueprint("financing_api", __name__, url_prefix="/api/v1", tag="financing")

"""The JSON API of registry."""

from apiflask import APIBlueprint

api = APIBlueprint("registry_api", __name__, url_prefix="/api/v1", tag="registry")

"""The JSON API of identity."""

from apiflask import APIBlueprint

api = APIBlueprint("identity_api", __name__, url_prefix="/api/v1", tag="identity")

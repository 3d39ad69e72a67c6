"""The JSON API of listings."""

from apiflask import APIBlueprint

api = APIBlueprint("listings_api", __name__, url_prefix="/api/v1", tag="listings")

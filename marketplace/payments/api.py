"""The JSON API of payments."""

from apiflask import APIBlueprint

api = APIBlueprint("payments_api", __name__, url_prefix="/api/v1", tag="payments")

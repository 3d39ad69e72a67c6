"""The JSON API of valuation."""

from apiflask import APIBlueprint

api = APIBlueprint("valuation_api", __name__, url_prefix="/api/v1", tag="valuation")

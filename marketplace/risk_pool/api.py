"""The JSON API of risk_pool."""

from apiflask import APIBlueprint

api = APIBlueprint("risk_pool_api", __name__, url_prefix="/api/v1", tag="risk_pool")

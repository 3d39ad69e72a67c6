"""The one blueprint on which the API of the risk pools is written down."""

from apiflask import APIBlueprint

api = APIBlueprint("risk_pool_api", __name__, url_prefix="/api/v1", tag="risk pool")

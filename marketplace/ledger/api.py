"""The JSON API of ledger."""

from apiflask import APIBlueprint

api = APIBlueprint("ledger_api", __name__, url_prefix="/api/v1", tag="ledger")

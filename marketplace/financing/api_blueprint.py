"""The one blueprint on which the API of financing is written down."""

from apiflask import APIBlueprint

api = APIBlueprint("financing_api", __name__, url_prefix="/api/v1/financing", tag="financing")

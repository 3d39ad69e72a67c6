"""The JSON API of documents."""

from apiflask import APIBlueprint

api = APIBlueprint("documents_api", __name__, url_prefix="/api/v1", tag="documents")

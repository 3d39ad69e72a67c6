"""The JSON API of audit."""

from apiflask import APIBlueprint

api = APIBlueprint("audit_api", __name__, url_prefix="/api/v1", tag="audit")

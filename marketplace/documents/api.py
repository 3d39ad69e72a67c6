"""The JSON API of documents."""

from typing import Any
from uuid import UUID

from flask import Response, request

from marketplace.core.clock import database_now, now
from marketplace.core.http import current_actor, idempotent, needs, signed_in
from marketplace.documents import files, jobs, room_api, signatures
from marketplace.documents.blueprints import api
from marketplace.documents.panels import as_attachment
from marketplace.documents.schemas import DeclineIn, EnvelopeOut, FileIn, FileOut

__all__ = ["api", "jobs", "room_api"]


@api.post("/files")
@signed_in
@idempotent
@api.input(FileIn, location="form_and_files", arg_name="upload")
@api.output(FileOut, status_code=201)
def store_file(upload: dict[str, Any]) -> Any:
    """Store a file; it belongs to the acting organisation."""
    sent = upload["file"]
    return files.store_file(current_actor(), sent.read(), sent.filename or "file", upload["purpose"], now())


@api.get("/files/<uuid:file_id>")
@signed_in
@api.output(FileOut)
def show_file(file_id: UUID) -> Any:
    """What is known about a file."""
    return files.find_file(current_actor(), file_id)


@api.get("/files/<uuid:file_id>/content")
@signed_in
def download_file(file_id: UUID) -> Response:
    """The file's bytes, as an attachment."""
    return as_attachment(current_actor(), file_id)


@api.get("/envelopes/<uuid:envelope_id>")
@signed_in
@api.output(EnvelopeOut)
def show_envelope(envelope_id: UUID) -> Any:
    """A file laid out for signing, with its signatories in order."""
    return signatures.find_envelope(current_actor(), envelope_id)


@api.post("/envelopes/<uuid:envelope_id>/signature")
@needs("deal.sign")
@idempotent
@api.output(EnvelopeOut)
def sign(envelope_id: UUID) -> Any:
    """Sign for the acting organisation."""
    return signatures.sign(current_actor(), envelope_id, database_now(), client_trace())


@api.post("/envelopes/<uuid:envelope_id>/refusal")
@needs("deal.sign")
@idempotent
@api.input(DeclineIn, arg_name="refusal")
@api.output(EnvelopeOut)
def decline(envelope_id: UUID, refusal: dict[str, Any]) -> Any:
    """Decline to sign, with the reason."""
    return signatures.decline(current_actor(), envelope_id, refusal["reason"], database_now())


def client_trace() -> signatures.ClientTrace:
    """From where this request came."""
    return signatures.ClientTrace(request.remote_addr, request.user_agent.string)

"""How a file leaves the house, for the pages and the API of every room."""

import io
from uuid import UUID

from flask import Response, send_file

from marketplace.core.actor import Actor
from marketplace.documents import files


def as_attachment(actor: Actor, file_id: UUID) -> Response:
    """A file as a download that no browser runs: attachment, nosniff, sandboxed, its Chinese name kept."""
    file = files.find_file(actor, file_id)
    content = io.BytesIO(files.read_file(actor, file_id))
    answer = send_file(
        content, mimetype=file.media_type, as_attachment=True, download_name=file.name, conditional=False, max_age=0
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Accept-Ranges"] = "none"
    return answer

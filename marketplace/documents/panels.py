"""How a file leaves the house, for the pages and the API of every room."""

import io
from uuid import UUID

from flask import Response, send_file

from marketplace.core.actor import Actor
from marketplace.documents import files
from marketplace.documents.room_reading import Copy


def as_attachment(actor: Actor, file_id: UUID) -> Response:
    """A file as a download that no browser runs: attachment, nosniff, sandboxed, its Chinese name kept."""
    file = files.find_file(actor, file_id)
    content = io.BytesIO(files.read_file(actor, file_id))
    answer = send_file(
        content, mimetype=file.media_type, as_attachment=True, download_name=file.name, conditional=False, max_age=0
    )
    return _unkept(answer)


def as_copy(copy: Copy) -> Response:
    """A marked copy as a download that no cache keeps."""
    answer = send_file(
        io.BytesIO(copy.content), mimetype="application/pdf", as_attachment=True, download_name=copy.name,
        conditional=False, max_age=0,
    )  # fmt: skip
    return _unkept(answer)


def as_picture(content: bytes) -> Response:
    """A marked page as a picture that no cache keeps."""
    return _unkept(Response(content, mimetype="image/png"))


def _unkept(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Accept-Ranges"] = "none"
    return answer

"""Printing the forms of a pool."""

from uuid import UUID

from flask import Response, request

from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.http import current_actor, signed_in
from marketplace.core.i18n import _
from marketplace.risk_pool import forms
from marketplace.risk_pool.pages_blueprint import pages


@pages.get("/risk-pool/forms/<letter>/<uuid:subject_id>.pdf")
@signed_in
def print_form(letter: str, subject_id: UUID) -> Response:
    """One of the forms A to J as a PDF."""
    content = forms.print_form(current_actor(), letter.lower(), subject_id, _bank_asked(), now())
    headers = {"Content-Disposition": f'inline; filename="pool-form-{letter.lower()}.pdf"'}
    return Response(content, content_type="application/pdf", headers=headers)


def _bank_asked() -> UUID | None:
    given = request.args.get("bank")
    try:
        return UUID(given) if given else None
    except ValueError:
        raise Malformed("bank", _("This is not the number of a bank.")) from None

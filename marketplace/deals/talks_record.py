"""Questions and answers of a negotiation as files for one's own records: a table no spreadsheet runs, and a PDF."""

import csv
import io
from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.i18n import _
from marketplace.deals.messages import messages_of
from marketplace.deals.negotiations import Negotiation, find_negotiation
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import find_file
from marketplace.identity.organisations import find_organisation, names_of
from marketplace.listings.exports import harmless
from marketplace.registry.assets import find_asset


def talks_csv(actor: Actor, negotiation_id: UUID, now: datetime) -> str:
    """Every message with its time, writer and attachments; no cell can be taken for a formula."""
    talks = find_negotiation(actor, negotiation_id)
    out = io.StringIO()
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow([_("Negotiation"), str(talks.id), _("Made at"), now.isoformat(timespec="seconds")])
    writer.writerow([_("Time"), _("From"), _("Message"), _("Attachments")])
    writer.writerows([harmless(cell) for cell in row] for row in _rows(actor, talks, now))
    return out.getvalue()


def talks_pdf(actor: Actor, negotiation_id: UUID, now: datetime) -> bytes:
    """The same as a PDF with its content hash on every page."""
    talks = find_negotiation(actor, negotiation_id)
    asset = find_asset(talks.asset_id)
    rows = _rows(actor, talks, now)
    return render_pdf(
        "talks_record",
        {
            "reference": str(talks.id), "issued_on": now.date(), "parties": [
                _party(talks.seller_id, {"zh": "权利人", "en": "Holder"}),
                _party(talks.buyer_id, {"zh": "买方", "en": "Buyer"}),
            ],
            "assets": [{"number": asset.label, "title": asset.titles or {"zh": asset.title}, "kind": ""}],
            "count": str(len(rows)), "made_at": now.isoformat(timespec="seconds"),
            "rows_title": {"zh": "问答记录", "en": "Questions and answers"},
            "rows_head": [_("Time"), _("From"), _("Message"), _("Attachments")], "rows": rows,
        },
    )  # fmt: skip


def _rows(actor: Actor, talks: Negotiation, now: datetime) -> list[list[str]]:
    names = names_of([talks.seller_id, talks.buyer_id])
    return [
        [
            message.sent_at.isoformat(timespec="seconds"),
            str(names[message.by_organisation_id]),
            message.text,
            "; ".join(find_file(actor, UUID(file_id), now).name for file_id in message.file_ids),
        ]
        for message in messages_of(talks)
    ]


def _party(organisation_id: UUID, role: dict[str, str]) -> dict[str, Any]:
    organisation = find_organisation(organisation_id)
    return {
        "role": role,
        "name": {"zh": organisation.name_zh, "en": organisation.name_en},
        "code": organisation.credit_code,
    }

"""The certificate of a signing: who signed what, when, from where, and the hashes that show any later change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import SYSTEM
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import StoredFile, read_file
from marketplace.documents.page_hashes import page_hashes
from marketplace.identity.organisations import Organisation


@dataclass(frozen=True)
class SigningAct:
    """One signature with its place in the chain of hashes."""

    organisation: Organisation
    signed_at: datetime
    address: str | None
    program: str | None
    chain_hash: str


def certificate_pdf(
    envelope_id: UUID, original: StoredFile, sealed: StoredFile, acts: Sequence[SigningAct], now: datetime
) -> bytes:
    """The bilingual evidence certificate of a completed envelope."""
    return render_pdf(
        "evidence",
        {
            "reference": str(envelope_id),
            "issued_on": now.date(),
            "parties": [_party(act.organisation) for act in acts],
            "file_name": original.name,
            "hash_before": original.sha256,
            "hash_after": sealed.sha256,
            "page_hashes": page_hashes(read_file(SYSTEM, original.id, now)),
            "rows_title": {"zh": "签署记录", "en": "Acts of signing"},
            "rows_head": ["签署方 Signatory", "时间 Time (UTC)", "地址与终端 Address, device", "签署链 Chain SHA-256"],
            "rows": [
                [act.organisation.name_zh or act.organisation.name_en, f"{act.signed_at:%Y-%m-%d %H:%M:%S}",
                 f"{act.address or '—'} {act.program or ''}", act.chain_hash]
                for act in acts
            ],
        },
    )  # fmt: skip


def _party(organisation: Organisation) -> dict[str, object]:
    return {
        "role": {"zh": "签署方", "en": "Signatory"},
        "name": {"zh": organisation.name_zh, "en": organisation.name_en},
        "code": organisation.credit_code,
    }

"""The filing pack of a pledge: everything the register wants that is kept here, in one archive with its checksums."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import market_day
from marketplace.core.db import find
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import read_file
from marketplace.documents.signatures import Envelope
from marketplace.financing.filing_papers import FilingAct, FilingPapers, Words, papers_for
from marketplace.financing.loans import Loan, find_loan
from marketplace.financing.pledges import ContractNotSigned, Pledge, PledgeStatus, pledge_for_party
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.extracts import extract_of

STAMP = (2000, 1, 1, 0, 0, 0)
"""Every member carries one day, so that the same papers give the same archive."""
UNKNOWN: Words = {
    "zh": "本平台没有该类权利登记机关的材料清单，请以登记机关公布为准。",
    "en": "No list of this register's documents is known here; go by what the register publishes.",
}


class PackNotReady(Refused):
    """An act that has not been agreed is not filed."""

    message = _l("There is nothing of this kind to file for the pledge as it stands.")


@dataclass(frozen=True)
class Paper:
    """One member of the archive."""

    name: str
    content: bytes


READY: dict[FilingAct, tuple[PledgeStatus, ...]] = {
    FilingAct.REGISTRATION: (PledgeStatus.AGREED, PledgeStatus.FILED, PledgeStatus.REFUSED, PledgeStatus.REGISTERED),
    FilingAct.EXTENSION: (PledgeStatus.REGISTERED,),
    FilingAct.CANCELLATION: (PledgeStatus.RELEASED, PledgeStatus.ENFORCED),
}
"""While the pledge stands so, the pack of the act can be made."""


def filing_pack(actor: Actor, pledge_id: UUID, act: FilingAct, now: datetime) -> bytes:
    """The archive for one act of one pledge: cover with the list, signed contracts, extract of the register, checksums."""
    pledge = pledge_for_party(actor, pledge_id)
    require(pledge.signed_at is not None, ContractNotSigned())
    require(pledge.status in READY[act], PackNotReady())
    loan, asset = find_loan(pledge.loan_id), find_asset(pledge.asset_id)
    papers = papers_for(act, asset.kind, asset.office)
    enclosed = _contracts(pledge, loan, papers.enclosed if papers else ("pledge",)) + [_extract(asset)]
    cover = Paper(
        "00-cover.pdf", render_pdf("pledge_filing", _cover(pledge, loan, asset, (act, papers), enclosed, now))
    )
    return _archive([cover, *enclosed])


def _contracts(pledge: Pledge, loan: Loan, wanted: tuple[str, ...]) -> list[Paper]:
    """The signed contracts as they were sealed."""
    envelopes = {"pledge": pledge.envelope_id, "loan": loan.envelope_id}
    found: list[Paper] = []
    for name in wanted:
        envelope_id = envelopes.get(name)
        sealed = find(Envelope, envelope_id).sealed_file_id if envelope_id else None
        if sealed is not None:
            found.append(Paper(f"{len(found) + 1:02d}-{name}-contract.pdf", read_file(SYSTEM, sealed)))
    return found


def _extract(asset: Asset) -> Paper:
    told = extract_of(asset)
    told.pop("known_at", None)
    content = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    return Paper(f"10-register-extract-{asset.label.replace(' ', '-').replace('/', '-')}.json", content.encode())


def _cover(
    pledge: Pledge,
    loan: Loan,
    asset: Asset,
    what: tuple[FilingAct, FilingPapers | None],
    enclosed: list[Paper],
    now: datetime,
) -> dict[str, object]:
    act, papers = what
    sides = (
        ({"zh": "出质人", "en": "Pledgor"}, pledge.pledgor_id), ({"zh": "质权人", "en": "Pledgee"}, pledge.lender_id),
    )  # fmt: skip
    rows = [["附 enclosed", paper.name, hashlib.sha256(paper.content).hexdigest()] for paper in enclosed]
    rows += [["自备 to bring", f"{words['zh']} {words['en']}", "—"] for words in (papers.to_bring if papers else ())]
    return {
        "reference": f"{act.value}-{pledge.id}",
        "issued_on": market_day(now),
        "parties": [{"role": role} | _named(organisation_id) for role, organisation_id in sides],
        "assets": [{"number": asset.label, "title": asset.titles or {"zh": asset.mark}, "kind": asset.kind.value}],
        "formality": papers.formality if papers else UNKNOWN,
        "authority": papers.authority if papers else UNKNOWN,
        "fee": papers.fee if papers else UNKNOWN,
        "time": papers.time if papers else UNKNOWN,
        "basis": papers.source if papers else "—",
        "secured_amount": pledge.secured,
        "debt_until": pledge.ends_on,
        "loan_reference": str(loan.id),
        "registration": pledge.registration_number or "—",
        "released": pledge.released_on.isoformat() if pledge.released_on else None,
        "rows_title": {"zh": "材料清单", "en": "Documents"},
        "rows_head": ["来源 From", "材料 Document", "SHA-256"],
        "rows": rows,
    }


def _named(organisation_id: UUID) -> dict[str, object]:
    one = find_organisation(organisation_id)
    return {"name": {"zh": one.name_zh, "en": one.name_en}, "code": one.credit_code}


def _archive(papers: list[Paper]) -> bytes:
    sums = "".join(f"{hashlib.sha256(paper.content).hexdigest()}  {paper.name}\n" for paper in papers)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for paper in [*papers, Paper("SHA256SUMS", sums.encode())]:
            archive.writestr(zipfile.ZipInfo(paper.name, STAMP), paper.content)
    return out.getvalue()

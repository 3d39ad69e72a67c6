"""The contract of a deal: drawn up from what was agreed, laid out for signing by seller and buyer in this order."""

from datetime import datetime, timedelta
from typing import Any

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.deals.cross_licences import CrossLicence, CrossLicenceAccepted
from marketplace.deals.deals import Deal, DealOpened
from marketplace.deals.terms import DealKind, DealTerms
from marketplace.deals.wording import ASSET_KINDS, EXCLUSIVITIES, NONE_TEXT, ROYALTY_BASES, WHOLE_TERRITORY
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import store_own_pdf
from marketplace.documents.signatures import open_envelope
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.registry.assets import Asset, AssetKind, find_asset
from marketplace.registry.encumbrances import EncumbranceKind, open_encumbrances

RECORD_WITHIN = {"zh": "三个月", "en": "three months"}
FORUM = {"zh": "广州仲裁委员会仲裁", "en": "arbitration by the Guangzhou Arbitration Commission"}
PAY_WITHIN = timedelta(days=17)


def draw_up_contract(actor: Actor, fact: DealOpened, now: datetime) -> None:
    """A new deal gets its contract, shown to both sides and laid out for their signatures."""
    deal = find(Deal, fact.deal_id, lock=True)
    content = render_pdf(template_for(deal, find_asset(deal.asset_id)), contract_terms(deal, now))
    file = store_own_pdf(content, f"contract-{deal.id}.pdf", "contract", now, deal.seller_id)
    envelope = open_envelope(
        SYSTEM, file.id, [deal.seller_id, deal.buyer_id], now, expires_at=deal.due_at, link=f"/deals/{deal.id}"
    )
    deal.contract_file_id, deal.envelope_id = file.id, envelope.id
    session.flush()


def draw_up_cross_licence(_actor: Actor, fact: CrossLicenceAccepted, now: datetime) -> None:
    """An agreed cross-licence gets its contract, laid out for the proposer's and the other side's signature."""
    proposal = find(CrossLicence, fact.cross_licence_id, lock=True)
    content = render_pdf("cross_licence", cross_licence_terms(proposal, now))
    file = store_own_pdf(content, f"cross-licence-{proposal.id}.pdf", "contract", now, proposal.proposer_id)
    sides = [proposal.proposer_id, proposal.other_id]
    envelope = open_envelope(
        SYSTEM, file.id, sides, now, expires_at=proposal.due_at, link=f"/cross-licences/{proposal.id}"
    )
    proposal.contract_file_id, proposal.envelope_id = file.id, envelope.id
    session.flush()


def cross_licence_terms(proposal: CrossLicence, now: datetime) -> dict[str, Any]:
    """Everything the contract says of two licences given for each other."""
    terms, rights = proposal.agreed, [find_asset(one) for one in (proposal.first_asset_id, proposal.second_asset_id)]
    sides = [find_organisation(one) for one in (proposal.proposer_id, proposal.other_id)]
    return {
        "reference": str(proposal.id),
        "issued_on": now.date(),
        "parties": [_party(side, role) for side, role in zip(sides, _CROSS_ROLES, strict=True)],
        "assets": [
            {"number": asset.label, "title": _title(asset), "kind": ASSET_KINDS[asset.kind.value]} for asset in rights
        ],
        "first_rights": rights[0].label,
        "second_rights": rights[1].label,
        "territory": ", ".join(terms.territory) or WHOLE_TERRITORY,
        "fields": ", ".join(terms.fields) or {"zh": "全部领域", "en": "all fields"},
        "begins_on": now.date(),
        "ends_on": terms.ends_on(now.date()) or {"zh": "权利届满之日", "en": "the end of the right"},
        "price": None,
        "free": True,
        "forum": FORUM,
        "special_terms": terms.special_terms,
    }


_CROSS_ROLES = ({"zh": "甲方", "en": "First party"}, {"zh": "乙方", "en": "Second party"})


def template_for(deal: Deal, asset: Asset) -> str:
    """Which of our contracts fits the act and the kind of right."""
    if deal.kind is DealKind.LICENCE:
        return "licence"
    if asset.kind is AssetKind.TRADEMARK:
        return "trademark_assignment"
    if asset.kind in (AssetKind.COPYRIGHT, AssetKind.SOFTWARE):
        return "copyright_assignment"
    return "patent_assignment"


def contract_terms(deal: Deal, now: datetime) -> dict[str, Any]:
    """Everything the contract says of this deal; what people wrote goes in as data."""
    asset = find_asset(deal.asset_id)
    seller, buyer = find_organisation(deal.seller_id), find_organisation(deal.buyer_id)
    licence = deal.kind is DealKind.LICENCE
    roles = _LICENCE_ROLES if licence else _TRANSFER_ROLES
    consent = _pledgee_consent(deal, now)
    common: dict[str, Any] = {
        "reference": str(deal.id),
        "issued_on": now.date(),
        "parties": [_party(seller, roles[0]), _party(buyer, roles[1])],
        "assets": [{"number": asset.label, "title": _title(asset), "kind": ASSET_KINDS[asset.kind.value]}],
        "price": deal.price,
        "deposit": None if licence else deal.deposit,
        "pay_by": (now + PAY_WITHIN).date(),
        "forum": FORUM,
        "special_terms": deal.agreed.special_terms,
        "pledgee_consent": consent,
    }
    return common | (_licence_terms(deal, asset, now) if licence else _transfer_terms(deal, asset, buyer, now))


_TRANSFER_ROLES = ({"zh": "转让方", "en": "Assignor"}, {"zh": "受让方", "en": "Assignee"})
_LICENCE_ROLES = ({"zh": "许可方", "en": "Licensor"}, {"zh": "被许可方", "en": "Licensee"})


def _transfer_terms(deal: Deal, asset: Asset, buyer: Organisation, now: datetime) -> dict[str, Any]:
    licences = [burden for burden in open_encumbrances(asset.id, now.date()) if burden.is_licence]
    listed = "; ".join(f"{burden.reference or burden.id} ({burden.holder_name})" for burden in licences)
    technical = asset.kind in (AssetKind.INVENTION, AssetKind.UTILITY_MODEL)
    return {
        "record_within": RECORD_WITHIN,
        "live_licences": listed or NONE_TEXT,
        "foreign_assignee": technical and buyer.country != "CN" and asset.office == "CN",
        "rights_kinds": {"zh": "全部著作财产权", "en": "all economic rights"},
        "territory": WHOLE_TERRITORY,
    }


def _licence_terms(deal: Deal, asset: Asset, now: datetime) -> dict[str, Any]:
    terms: DealTerms = deal.agreed
    ends_on = terms.ends_on(now.date()) or asset.expires_on
    return {
        "exclusivity": terms.exclusivity or "non_exclusive",
        "exclusivity_name": EXCLUSIVITIES[terms.exclusivity or "non_exclusive"],
        "territory": ", ".join(terms.territory) or WHOLE_TERRITORY,
        "fields": ", ".join(terms.fields) or {"zh": "全部领域", "en": "all fields"},
        "begins_on": now.date(),
        "ends_on": ends_on or {"zh": "权利届满之日", "en": "the end of the right"},
        "royalty_rate": f"{terms.royalty_bps / 100:.2f}%" if terms.royalty_bps else None,
        "royalty_base": ROYALTY_BASES[terms.royalty_base or "net_sales"],
        "is_trademark": asset.kind is AssetKind.TRADEMARK,
    }


def _pledgee_consent(deal: Deal, now: datetime) -> str | None:
    pledges = [
        burden for burden in open_encumbrances(deal.asset_id, now.date()) if burden.kind is EncumbranceKind.PLEDGE
    ]
    return ", ".join(burden.reference or str(burden.id) for burden in pledges) or None


def _party(organisation: Organisation, role: dict[str, str]) -> dict[str, Any]:
    return {
        "role": role,
        "name": {"zh": organisation.name_zh, "en": organisation.name_en},
        "code": organisation.credit_code,
    }


def _title(asset: Asset) -> dict[str, str | None]:
    titles = asset.titles or {}
    known = titles.get("zh") or titles.get("en") or asset.mark or asset.label
    return {"zh": titles.get("zh") or known, "en": titles.get("en") or known}

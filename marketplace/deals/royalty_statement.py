"""A reported period's statement: the sum owed, how it was computed, when it was paid, as a bilingual PDF."""

from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.deals.deals import find_deal
from marketplace.deals.royalties import period_numbered
from marketplace.deals.wording import ASSET_KINDS, ROYALTY_BASES
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.registry.assets import find_asset


class NotReported(Refused):
    """There is nothing to state yet."""

    message = _l("This period was not reported yet.")


def statement_pdf(actor: Actor, deal_id: UUID, number: int) -> bytes:
    """The statement of one period, for the licence's two sides and the platform."""
    deal = find_deal(actor, deal_id)
    period = period_numbered(deal.id, number)
    require(period.reported_at is not None, NotReported())
    assert period.reported_at is not None and period.base is not None and period.royalty is not None
    asset = find_asset(deal.asset_id)
    title = {"zh": asset.titles.get("zh") or asset.title, "en": asset.titles.get("en") or asset.title}
    rows = [
        ["计提基数 Base", str(period.base)],
        ["提成率 Rate", f"{period.rate_bps / 100:.2f}%"],
        ["提成费 Royalty", str(period.royalty)],
        ["付款日 Paid on", period.paid_on.isoformat() if period.paid_on else "—"],
        ["逾期利息 Late interest", str(period.interest) if period.interest else "—"],
    ]
    return render_pdf(
        "royalty_statement",
        {
            "reference": f"{deal.id}/{period.number}", "issued_on": period.reported_at.date(),
            "parties": [_party({"zh": "许可方", "en": "Licensor"}, find_organisation(deal.seller_id)),
                        _party({"zh": "被许可方", "en": "Licensee"}, find_organisation(deal.buyer_id))],
            "assets": [{"number": asset.label, "title": title, "kind": ASSET_KINDS[asset.kind.value]}],
            "begins_on": period.begins_on, "ends_on": period.ends_on, "due_on": period.due_on,
            "royalty": period.royalty, "base_kind": ROYALTY_BASES[deal.agreed.royalty_base or "net_sales"],
            "rows_title": {"zh": "计算", "en": "Computation"}, "rows_head": ["项目 Item", "金额 Amount"], "rows": rows,
        },
    )  # fmt: skip


def _party(role: dict[str, str], organisation: Organisation) -> dict[str, object]:
    names = {"zh": organisation.name_zh or organisation.name, "en": organisation.name_en or organisation.name}
    return {"role": role, "name": names, "code": organisation.credit_code}

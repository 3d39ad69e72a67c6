"""A further right pledged for a running loan: checked like every pledge, with a pledge contract of its own to sign."""

from datetime import datetime
from typing import Any

from marketplace.core.actor import SYSTEM
from marketplace.core.db import find, session
from marketplace.core.money import Money
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import store_own_pdf
from marketplace.documents.signatures import open_envelope
from marketplace.financing.asset_values import values_of
from marketplace.financing.due_dates import business_date
from marketplace.financing.loan_contracts import parts_in_words
from marketplace.financing.loans import Loan
from marketplace.financing.pledge_check import ProposedPledge, require_registrable
from marketplace.financing.pledges import Pledge, require_free
from marketplace.financing.term_sheets import TermSheet
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import Asset


def agree_further_pledge(loan: Loan, asset: Asset, now: datetime) -> Pledge:
    """Promise another right of the borrower as security, and lay its contract out for both parties to sign."""
    assert loan.matures_on is not None
    require_free(asset)
    proposed = ProposedPledge(asset=asset, pledgor_id=loan.borrower_id, ends_on=loan.matures_on)
    require_registrable([proposed], [], now.date())
    pledge = Pledge(
        loan_id=loan.id,
        asset_id=asset.id,
        pledgor_id=loan.borrower_id,
        lender_id=loan.bank_id,
        secured=loan.ip_secured,
        single_pledge=asset.is_chinese_patent,
        maximum=find(TermSheet, loan.term_sheet_id).maximum_pledge,
        ends_on=loan.matures_on,
        waived=[],
    )
    session.add(pledge)
    session.flush()
    content = render_pdf("pledge", _terms(loan, asset, now))
    name = f"pledge-{pledge.id}.pdf"
    file = store_own_pdf(content, name, "contract", now, loan.borrower_id)
    signers = [loan.borrower_id, loan.bank_id]
    pledge.envelope_id = open_envelope(SYSTEM, file.id, signers, now, link=f"/financing/loans/{loan.id}").id
    session.flush()
    return pledge


def _terms(loan: Loan, asset: Asset, now: datetime) -> dict[str, Any]:
    borrower, bank = find_organisation(loan.borrower_id), find_organisation(loan.bank_id)
    value = values_of([asset.id]).get(asset.id, Money.zero(loan.currency))
    roles = (({"zh": "出质人", "en": "Pledgor"}, borrower), ({"zh": "质权人", "en": "Pledgee"}, bank))
    return {
        "reference": f"{loan.id}/{asset.id}",
        "issued_on": business_date(now),
        "parties": [
            {"role": role, "name": {"zh": one.name_zh, "en": one.name_en}, "code": one.credit_code}
            for role, one in roles
        ],
        "assets": [{"number": asset.label, "title": asset.titles or {"zh": asset.mark}, "kind": asset.kind.value}],
        "secured_amount": loan.ip_secured,
        "maximum": find(TermSheet, loan.term_sheet_id).maximum_pledge,
        "debtor": {"zh": borrower.name_zh, "en": borrower.name_en},
        "debt_from": loan.disbursed_on,
        "debt_until": loan.matures_on,
        "loan_reference": str(loan.id),
        "agreed_value": value,
        "value_basis": {"zh": "平台参考价值", "en": "the marketplace's indication"},
        "lenders": parts_in_words(loan),
        "special_terms": None,
        "forum": {"zh": "贷款人所在地人民法院", "en": "the people's court at the lender's seat"},
    }

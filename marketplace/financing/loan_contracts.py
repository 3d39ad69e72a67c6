"""The contracts of a loan: the facility agreement and the pledge contract, with their terms in both languages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marketplace.core.actor import SYSTEM
from marketplace.core.db import session
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import store_own_pdf
from marketplace.documents.signatures import open_envelope
from marketplace.financing.applications import Application
from marketplace.financing.covenants import covenants_in_words
from marketplace.financing.due_dates import business_date
from marketplace.financing.lenders import lenders_of, shares_of
from marketplace.financing.loan_terms import yuan
from marketplace.financing.loans import Loan
from marketplace.financing.pledges import Pledge
from marketplace.financing.term_sheets import TermSheet
from marketplace.identity.organisations import Organisation, find_organisation
from marketplace.registry.assets import Asset


def lay_out_contracts(
    loan: Loan,
    sheet: TermSheet,
    application: Application,
    pledges: Sequence[Pledge],
    assets: Sequence[Asset],
    now: datetime,
) -> None:
    """The facility, signed by the borrower and every lender, and the pledge contract, signed by borrower and pledgee."""
    borrower, bank = find_organisation(loan.borrower_id), find_organisation(loan.bank_id)
    context = _contract_terms(loan, sheet, application, assets, borrower, bank, now)
    signers = {"loan": [loan.borrower_id, *lenders_of(loan)], "pledge": [loan.borrower_id, loan.bank_id]}
    envelopes = {}
    for name in signers:
        content = render_pdf(name, context)
        file = store_own_pdf(content, f"{name}-{loan.id}.pdf", "contract", now, borrower.id)
        envelopes[name] = open_envelope(SYSTEM, file.id, signers[name], now, link=f"/financing/loans/{loan.id}")
    loan.envelope_id = envelopes["loan"].id
    for pledge in pledges:
        pledge.envelope_id = envelopes["pledge"].id
    session.flush()


METHOD_WORDS = {
    "equal_instalments": {"zh": "等额本息", "en": "equal instalments"},
    "equal_principal": {"zh": "等额本金", "en": "equal principal"},
    "bullet": {"zh": "按期付息、到期还本", "en": "interest each period, principal at maturity"},
    "at_maturity": {"zh": "到期一次还本付息", "en": "principal and interest at maturity"},
}


def _contract_terms(
    loan: Loan,
    sheet: TermSheet,
    application: Application,
    assets: Sequence[Asset],
    borrower: Organisation,
    bank: Organisation,
    now: datetime,
) -> dict[str, Any]:
    start = business_date(now)
    rows = loan.terms.schedule(start)
    percent = _rate_words(loan)
    return {
        "reference": str(loan.id),
        "issued_on": start,
        "parties": [
            {"role": {"zh": "借款人暨出质人", "en": "Borrower and pledgor"}} | _party(borrower),
            *_lending_parties(loan, bank),
        ],
        "lenders": parts_in_words(loan),
        "assets": [
            {"number": one.label, "title": one.titles or {"zh": one.mark}, "kind": one.kind.value} for one in assets
        ],
        "principal": loan.principal,
        "interest_rate": percent,
        "default_rate": {
            "zh": f"年利率 {loan.penalty_rate_bps / 100:.2f}%",
            "en": f"{loan.penalty_rate_bps / 100:.2f} % a year",
        },
        "term": {"zh": f"{loan.term_months} 个月", "en": f"{loan.term_months} months"},
        "matures_on": rows[-1].due_date,
        "repayment": METHOD_WORDS[loan.method.value],
        "day_count": {"zh": "按月计息，每月为一年的十二分之一", "en": "interest by months of a twelfth of a year"},
        "fees": loan.upfront_fee,
        "annual_cost": f"{sheet.effective_cost_bps / 100:.2f} %",
        "purpose": application.purpose,
        "ip_secured_amount": loan.ip_secured,
        "pledge_reference": str(loan.id),
        "pool_scheme": {
            "zh": f"补偿比例 {loan.pool_cover_bps / 100:.0f}%",
            "en": f"cover {loan.pool_cover_bps / 100:.0f} %",
        }
        if loan.pool_cover_bps
        else None,
        "covenants": covenants_in_words(loan),
        "special_terms": sheet.conditions or None,
        "secured_amount": loan.ip_secured,
        "maximum": sheet.maximum_pledge,
        "debtor": {"zh": borrower.name_zh, "en": borrower.name_en},
        "debt_from": start,
        "debt_until": rows[-1].due_date,
        "loan_reference": str(loan.id),
        "agreed_value": sheet.assessed_value,
        "value_basis": sheet.value_basis.value,
        "forum": {"zh": "贷款人所在地人民法院", "en": "the people's court at the lender's seat"},
        "rows_title": {"zh": "还款计划（以放款日为准）", "en": "Repayment schedule (from the day of disbursement)"},
        "rows_head": ["期 Nr", "到期日 Due", "本金 Principal", "利息 Interest", "余额 Balance"],
        "rows": [
            [
                row.nr,
                row.due_date.isoformat(),
                *(yuan(minor, loan.currency) for minor in (row.principal, row.interest, row.balance)),
            ]
            for row in rows
        ],
    }


def _lending_parties(loan: Loan, agent: Organisation) -> list[dict[str, Any]]:
    """The bank; of a loan lent together the agent, who holds the pledge for all, and then the others."""
    if not loan.is_club:
        return [{"role": {"zh": "贷款人暨质权人", "en": "Lender and pledgee"}} | _party(agent)]
    others = [find_organisation(bank_id) for bank_id in lenders_of(loan)[1:]]
    first = {"role": {"zh": "牵头行、代理行暨质权人", "en": "Lead bank, agent and pledgee"}} | _party(agent)
    return [first, *({"role": {"zh": "参加行", "en": "Participating bank"}} | _party(one) for one in others)]


def parts_in_words(loan: Loan) -> dict[str, str] | None:
    """Who of several banks lends how much."""
    shares = [(find_organisation(share.bank_id), str(share.committed)) for share in shares_of(loan)]
    if not shares:
        return None
    return {
        "zh": "；".join(f"{bank.name_zh} {part}" for bank, part in shares),
        "en": "; ".join(f"{bank.name_en or bank.name_zh} {part}" for bank, part in shares),
    }


def _rate_words(loan: Loan) -> dict[str, str]:
    percent, clauses = f"{loan.rate_bps / 100:.2f}", loan.clauses
    if not clauses.floats:
        return {"zh": f"年利率 {percent}%", "en": f"{percent} % a year"}
    years = {"lpr_1y": ("一年期", "one-year"), "lpr_5y": ("五年期以上", "five-year")}[clauses.reference.value]
    return {
        "zh": f"浮动利率：{years[0]}LPR加{clauses.margin_bps}个基点，每{clauses.reset_months}个月重新定价；现为年利率 {percent}%",
        "en": f"floating: {years[1]} LPR plus {clauses.margin_bps} basis points, reset every {clauses.reset_months} months; "
        f"now {percent} % a year",
    }


def _party(organisation: Organisation) -> dict[str, Any]:
    return {"name": {"zh": organisation.name_zh, "en": organisation.name_en}, "code": organisation.credit_code}

"""The tables of the printed forms: what the platform keeps of an enrolment, a claim or a pool, with bilingual labels."""

from collections.abc import Sequence

from marketplace.core.money import Money
from marketplace.financing.loans import find_loan, instalments_of
from marketplace.financing.monitoring import checks_of_loan
from marketplace.identity.organisations import find_organisation, names_of
from marketplace.risk_pool.claims import Claim
from marketplace.risk_pool.enrolments import Enrolment, scheme_of
from marketplace.risk_pool.pools import Pool, free_balance
from marketplace.risk_pool.recoveries import recoveries_of
from marketplace.risk_pool.schemes import Scheme

Rows = list[list[str]]
FACTS = ["项目 Item", "内容 Content"]
PARTIES = {
    "fund": "资金池 Pool", "pool": "资金池 Pool", "bank": "银行 Bank", "insurer": "保险机构 Insurer",
    "guarantor": "担保机构 Guarantor", "insurer_or_guarantor": "保险或担保机构 Insurer or guarantor",
    "appraiser": "评估机构 Appraiser", "government": "政府 Government", "buyer": "收储机构 Take-over buyer",
    "enforcement_cost": "处置费用 Enforcement cost", "other_loss": "利息等其他损失 Interest and other loss",
    "pledgor": "出质人 Pledgor",
}  # fmt: skip
STATUSES = {
    "draft": "草稿 Draft", "bank_submitted": "已提交 Handed in", "pool_review": "审核中 Under review",
    "enrolled": "已入库 Enrolled", "active": "存续 Running", "extended": "已延续 Extended", "abnormal": "异常 Abnormal",
    "compensated": "已补偿 Compensated", "repaid": "已结清 Repaid", "recovered": "已全部收回 Recovered",
    "written_off": "已核销 Written off", "rejected": "未通过 Rejected", "withdrawn": "已撤回 Withdrawn",
    "filed": "已提交 Filed", "in_review": "审核中 Under review", "recommended": "建议补偿 Recommended",
    "returned": "已退回 Returned",
}  # fmt: skip


def rows_of_enrolment(enrolment: Enrolment, pool: Pool) -> Rows:
    """The facts of an application or a confirmation."""
    scheme, names = scheme_of(enrolment), names_of([enrolment.bank_id, enrolment.borrower_id])
    share = "—" if enrolment.ip_share_bps is None else f"{enrolment.ip_share_bps / 100:.2f}%"
    parties = [
        [PARTIES.get(one.party, one.party), f"{find_organisation(one.organisation_id).name} · "
         f"{one.agreed_at.date() if one.agreed_at else '未同意 not agreed'}"]
        for one in enrolment.parties
    ]  # fmt: skip
    return [
        ["银行 Bank", names.get(enrolment.bank_id, "")],
        ["借款人 Borrower", names.get(enrolment.borrower_id, "")],
        ["适用办法 Scheme", f"{scheme.title} {scheme.version}"],
        ["贷款本金 Principal", str(enrolment.principal)],
        ["知识产权担保比例 Secured part", share],
        ["知识产权担保本金 Secured principal", str(enrolment.ip_principal)],
        ["计入限额 Counted", str(enrolment.counted)],
        ["承诺补偿额 Cover", str(enrolment.cover)],
        ["放款日 Paid out on", str(enrolment.financed_on or "—")],
        ["状态 Status", STATUSES[enrolment.status.value]],
        *parties,
    ]


def rows_of_plan(enrolment: Enrolment) -> Rows:
    """The repayment plan of the loan as it stands; before the loan is paid out as agreed."""
    loan = find_loan(enrolment.loan_id)
    instalments = instalments_of(loan.id)
    if instalments:
        return [
            [str(one.nr), one.due_on.isoformat(), str(one.money(one.principal_minor)),
             str(one.money(one.interest_minor)), str(one.settled_on or "—")]
            for one in instalments
        ]  # fmt: skip
    planned = loan.terms.schedule(loan.agreed_on)
    return [
        [str(row.nr), row.due_date.isoformat(), str(Money(row.principal, loan.currency)),
         str(Money(row.interest, loan.currency)), "—"]
        for row in planned
    ]  # fmt: skip


def rows_of_list(enrolments: Sequence[Enrolment]) -> Rows:
    """One line for each loan of a list."""
    names = names_of(one for each in enrolments for one in (each.bank_id, each.borrower_id))
    found = []
    for each in enrolments:
        watch = next(iter(checks_of_loan(each.loan_id, 1)), None)
        found.append(
            [names.get(each.borrower_id, ""), names.get(each.bank_id, ""), str(each.ip_principal), str(each.cover),
             STATUSES[each.status.value], str(watch.score) if watch else "—", each.reason or "—"]
        )  # fmt: skip
    return found


def rows_of_claim(claim: Claim, enrolment: Enrolment) -> Rows:
    """What is claimed, decided and borne."""
    return [
        ["借款人 Borrower", names_of([enrolment.borrower_id]).get(enrolment.borrower_id, "")],
        ["贷款本金 Principal", str(enrolment.principal)],
        ["本金损失 Principal loss", str(claim.loss)],
        ["其他损失 Other loss", str(claim.other_loss)],
        ["提交日 Filed on", claim.filed_at.date().isoformat()],
        ["状态 Status", STATUSES[claim.status.value]],
        ["审核意见 Finding", claim.reason or "—"],
        ["决定日 Decided on", claim.decided_at.date().isoformat() if claim.decided_at else "—"],
        *[[f"承担 Borne by: {PARTIES.get(one.party, one.party)}", str(one.amount)] for one in claim.shares],
        *[[f"附件 Document: {one.kind.value}", str(one.file_id)] for one in claim.documents],
    ]


def rows_of_recoveries(claim: Claim) -> Rows:
    """What was recovered and how each amount was shared."""
    return [
        [recovery.received_on.isoformat(), PARTIES.get(share.party, share.party), str(share.amount),
         share.settled_at.date().isoformat() if share.settled_at else "—"]
        for recovery in recoveries_of(claim.id) for share in recovery.shares if share.amount
    ]  # fmt: skip


def rows_of_bank(pool: Pool, enrolments: Sequence[Enrolment]) -> Rows:
    """What a bank has in a pool."""
    counts = {word: sum(STATUSES[one.status.value] == word for one in enrolments) for word in STATUSES.values()}
    return [["资金池余额 In the pool", str(free_balance(pool))], ["杠杆倍数 Leverage", f"{float(pool.leverage):g}"],
            *[[word, str(count)] for word, count in counts.items() if count]]  # fmt: skip


def rows_of_schemes(schemes: Sequence[Scheme]) -> Rows:
    """How each adopted scheme divides a loss."""
    found = []
    for scheme in schemes:
        shares = scheme.terms.known_shares()
        divided = " : ".join(f"{PARTIES.get(party, party)} {float(share) * 100:g}%" for party, share in shares.items())
        limit = scheme.terms.bank_year_loss_rate
        found.append(
            [f"{scheme.title} {scheme.version}", divided, "—" if limit is None else f"{float(limit) * 100:g}%"]
        )
    return found

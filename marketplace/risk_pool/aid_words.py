"""An amount of aid in words: what was counted, at which percentage, and which term bound it, in both languages."""

from marketplace.risk_pool.aid_terms import Fee, Grant, Limit, Subsidy, SubsidyKind
from marketplace.risk_pool.share_cases import as_percent

KINDS = {
    SubsidyKind.INTEREST_SHARE: {"zh": "已付利息", "en": "the interest paid"},
    SubsidyKind.LOAN_SHARE: {"zh": "贷款金额", "en": "the loan"},
    SubsidyKind.IP_INTEREST_SHARE: {
        "zh": "贷款 × 知识产权担保比例 × 基准利率", "en": "the loan × its IP-secured share × the benchmark rate",
    },
    SubsidyKind.FEE_SHARE: {"zh": "已付费用", "en": "the fee paid"},
}  # fmt: skip
FEES = {
    Fee.APPRAISAL: {"zh": "评估费", "en": "the appraisal fee"},
    Fee.GUARANTEE: {"zh": "担保费", "en": "the guarantee fee"},
    Fee.INSURANCE: {"zh": "保险费", "en": "the insurance premium"},
}
LIMITS = {
    Limit.BENCHMARK: {
        "zh": "利息按一年期LPR为限计算", "en": "interest counts at most at the one-year LPR",
    },
    Limit.MONTHS: {"zh": "最多计算 {months} 个月", "en": "at most {months} months count"},
    Limit.LOAN: {"zh": "单笔上限 {loan}", "en": "at most {loan} for one loan"},
    Limit.BORROWER_YEAR: {"zh": "单户年度上限 {year}（含已补助部分）", "en": "at most {year} for a borrower in a year, with what was granted before"},
    Limit.UNIT: {"zh": "单个单位上限 {unit}（含已补助部分）", "en": "at most {unit} for one unit, with what was granted before"},
    Limit.NOT_REPAID: {"zh": "还清贷款后方可补助", "en": "aid is given only after repayment"},
    Limit.OTHER_AID: {"zh": "已享受同类的另一项补助：{others}", "en": "another aid that excludes it was granted: {others}"},
}  # fmt: skip
"""The terms that can bind, in words."""


def explained(subsidy: Subsidy, grant: Grant) -> dict[str, str]:
    """How the amount came about."""
    told = {}
    for language, joint, mark in (("zh", "；", "："), ("en", "; ", ": ")):
        basis = FEES[subsidy.fee][language] if subsidy.fee else KINDS[subsidy.kind][language]
        share = f"{as_percent(subsidy.percent)} %"
        of = f"{basis}{mark}{grant.counted} × {share}"
        bound = [
            LIMITS[limit][language].format(
                months=subsidy.months_at_most, loan=subsidy.loan_at_most, year=subsidy.borrower_year_at_most,
                unit=subsidy.unit_at_most, others=", ".join(sorted(subsidy.not_with)),
            )
            for limit in grant.limits
        ]  # fmt: skip
        told[language] = joint.join([of, *bound]) + f" = {grant.amount}"
    return told


def rule_words(subsidy: Subsidy) -> dict[str, str]:
    """The rule itself in a sentence, before any amount is known."""
    told = {}
    stated = {
        Limit.BENCHMARK: subsidy.benchmark_at_most, Limit.MONTHS: subsidy.months_at_most, Limit.LOAN: subsidy.loan_at_most,
        Limit.BORROWER_YEAR: subsidy.borrower_year_at_most, Limit.UNIT: subsidy.unit_at_most,
        Limit.NOT_REPAID: subsidy.after_repayment or None,
    }  # fmt: skip
    for language, joint in (("zh", "；"), ("en", "; ")):
        basis = FEES[subsidy.fee][language] if subsidy.fee else KINDS[subsidy.kind][language]
        share = f"{as_percent(subsidy.percent)} %"
        limits = [
            LIMITS[limit][language].format(
                months=subsidy.months_at_most, loan=subsidy.loan_at_most, year=subsidy.borrower_year_at_most,
                unit=subsidy.unit_at_most,
            )
            for limit, given in stated.items()
            if given is not None
        ]  # fmt: skip
        told[language] = joint.join([f"{basis} × {share}", *limits])
    return told

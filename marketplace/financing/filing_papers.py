"""What each register of pledges wants to see, as dated data: documents, fee and time by kind of right and act.

Sources: 专利权质押登记办法 (CNIPA Announcement 461, 2021-11-15); 注册商标专用权质押登记程序规定 (CNIPA Announcement 358,
2020) with 商标法实施条例 art. 70; 著作权质权登记办法 (NCA Order 8, 2011-01-01), arts. 5 and 6. For other kinds no list
is known here, and that is said.
"""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.registry.assets import PATENT_KINDS, AssetKind

Words = dict[str, str]


class FilingAct(StrEnum):
    """What the register is asked to do."""

    REGISTRATION = "registration"
    EXTENSION = "extension"
    CANCELLATION = "cancellation"


@dataclass(frozen=True)
class FilingPapers:
    """One formality of one register; ``enclosed`` names what the pack holds, ``to_bring`` what the parties add."""

    formality: Words
    authority: Words
    enclosed: tuple[str, ...]
    to_bring: tuple[Words, ...]
    fee: Words
    time: Words
    source: str


FORM = {"zh": "双方签字或者盖章的申请表（登记机关表式）", "en": "The register's own form, signed or sealed by both"}
IDENTITY = {"zh": "双方身份证明或者承诺书", "en": "Proof of identity of both, or their undertakings"}
AUTHORITY = {
    "zh": "注明权限的委托书和代理人身份证明（委托代理时）",
    "en": "Powers stating the authority, and the agent's identity, if an agent files",
}
VALUATION = {"zh": "评估报告（申请表载明有评估的）", "en": "The appraisal report, if the form says there is one"}
AGREED_VALUE = {
    "zh": "评估报告，双方书面认可价值的除外（质押合同已载明）",
    "en": "The appraisal report, unless both state an agreed value in writing (the pledge contract does)",
}
CO_OWNERS = {"zh": "全体共有人的书面同意（共有时）", "en": "Written consent of all co-owners, if there are several"}
LICENCES = {"zh": "出质前已有的许可合同", "en": "Licence contracts made before the pledge"}
SIMILAR = {
    "zh": "相同或者近似商标在相同或者类似商品上一并出质的清单",
    "en": "List of identical or similar marks on the same or similar goods, pledged together",
}
AGREEMENT = {"zh": "变更或者延期协议", "en": "The agreement on the change or the longer term"}
CERTIFICATE = {"zh": "质押登记通知书或者登记证", "en": "The notice or certificate of registration"}
NO_FEE = {"zh": "不收费", "en": "no fee"}
CNIPA = {"zh": "国家知识产权局", "en": "China National Intellectual Property Administration"}
NCA = {
    "zh": "国家版权局（中国版权保护中心办理）",
    "en": "National Copyright Administration (through the Copyright Protection Centre of China)",
}
PATENT_SOURCE = "专利权质押登记办法（国家知识产权局公告第461号，2021年11月15日起施行）"
MARK_SOURCE = "商标法实施条例第七十条；注册商标专用权质押登记程序规定（国家知识产权局公告第358号，2020年）"
COPYRIGHT_SOURCE = "著作权质权登记办法（国家版权局令第8号，2011年1月1日起施行）第五条、第六条"
CONTRACTS = ("pledge", "loan")
A = FilingAct
PAPERS: dict[tuple[FilingAct, str], FilingPapers] = {
    (A.REGISTRATION, "patent"): FilingPapers(
        {"zh": "专利权质押登记", "en": "Registration of a patent pledge"}, CNIPA, ("pledge",),
        (FORM, IDENTITY, AUTHORITY, VALUATION, CO_OWNERS), NO_FEE,
        {"zh": "受理之日起五个工作日，网上办理两个工作日", "en": "five working days from acceptance, two online"},
        PATENT_SOURCE,
    ),
    (A.EXTENSION, "patent"): FilingPapers(
        {"zh": "专利权质押登记变更", "en": "Amendment of a patent pledge"}, CNIPA, (),
        (FORM, AGREEMENT, IDENTITY, AUTHORITY), NO_FEE,
        {"zh": "以登记机关公布为准", "en": "as the office publishes"}, PATENT_SOURCE,
    ),
    (A.CANCELLATION, "patent"): FilingPapers(
        {"zh": "专利权质押登记注销", "en": "Cancellation of a patent pledge"}, CNIPA, ("release",),
        (FORM, IDENTITY, AUTHORITY), NO_FEE,
        {"zh": "以登记机关公布为准", "en": "as the office publishes"}, PATENT_SOURCE,
    ),
    (A.REGISTRATION, "trademark"): FilingPapers(
        {"zh": "注册商标专用权质押登记", "en": "Registration of a trade-mark pledge"}, CNIPA, CONTRACTS,
        (FORM, IDENTITY, AUTHORITY, AGREED_VALUE, SIMILAR), NO_FEE,
        {"zh": "五个工作日", "en": "five working days"}, MARK_SOURCE,
    ),
    (A.EXTENSION, "trademark"): FilingPapers(
        {"zh": "注册商标专用权质押登记期限延期", "en": "Extension of a trade-mark pledge"}, CNIPA, (),
        (FORM, AGREEMENT, CERTIFICATE, AUTHORITY), NO_FEE,
        {"zh": "以登记机关公布为准", "en": "as the office publishes"}, MARK_SOURCE,
    ),
    (A.CANCELLATION, "trademark"): FilingPapers(
        {"zh": "注册商标专用权质押登记注销", "en": "Cancellation of a trade-mark pledge"}, CNIPA, ("release",),
        (FORM, CERTIFICATE, AUTHORITY), NO_FEE,
        {"zh": "以登记机关公布为准", "en": "as the office publishes"}, MARK_SOURCE,
    ),
    (A.REGISTRATION, "copyright"): FilingPapers(
        {"zh": "著作权质权登记", "en": "Registration of a copyright pledge"}, NCA, CONTRACTS,
        (FORM, IDENTITY, AUTHORITY, CO_OWNERS, LICENCES, VALUATION), {"zh": "以登记机关公布为准", "en": "as the office publishes"},
        {"zh": "受理之日起十日", "en": "ten days from acceptance"}, COPYRIGHT_SOURCE,
    ),
    (A.EXTENSION, "copyright"): FilingPapers(
        {"zh": "著作权质权变更登记", "en": "Amendment of a copyright pledge"}, NCA, (),
        (FORM, AGREEMENT, CERTIFICATE, AUTHORITY), {"zh": "以登记机关公布为准", "en": "as the office publishes"},
        {"zh": "受理之日起十日", "en": "ten days from acceptance"}, COPYRIGHT_SOURCE,
    ),
    (A.CANCELLATION, "copyright"): FilingPapers(
        {"zh": "著作权质权注销登记", "en": "Cancellation of a copyright pledge"}, NCA, ("release",),
        (FORM, CERTIFICATE, AUTHORITY), {"zh": "以登记机关公布为准", "en": "as the office publishes"},
        {"zh": "受理之日起十日", "en": "ten days from acceptance"}, COPYRIGHT_SOURCE,
    ),
}  # fmt: skip


def papers_for(act: FilingAct, kind: AssetKind, office: str) -> FilingPapers | None:
    """The list of the right's register; ``None`` where none is known here."""
    if office != "CN":
        return None
    family = "patent" if kind in PATENT_KINDS else "copyright" if kind is AssetKind.SOFTWARE else kind.value
    return PAPERS.get((act, family))

"""What an office wants to see when a transfer or licence is recorded: documents, fee and time, as dated data."""

from dataclasses import dataclass
from typing import Any

from marketplace.core.money import Money
from marketplace.deals.terms import DealKind
from marketplace.registry.assets import PATENT_KINDS, AssetKind

Words = dict[str, str]


@dataclass(frozen=True)
class FilingPack:
    """One formality at one office; an unknown fee or time is said to be unknown, never taken for nothing."""

    formality: Words
    documents: tuple[Words, ...]
    fee: Money | None
    time: Words | None
    source: str


CONTRACT = {"zh": "双方签署的合同", "en": "The contract signed by both"}
PAPERS = {"zh": "双方主体资格证明", "en": "Proof of identity of both sides"}
AGENT = {"zh": "专利代理委托书（委托代理机构时）", "en": "Power of attorney, if an agent files"}
CO_OWNERS = {"zh": "全体共有人同意的证明（共有时）", "en": "Consent of all co-owners, if there are several"}
EXPORT = {
    "zh": "《技术出口许可证》或《自由出口技术合同登记证》（受让方在境外时）",
    "en": "Technology export licence or contract registration certificate, if the assignee is outside the mainland",
}
PACKS: dict[tuple[str, str], FilingPack] = {
    ("transfer", "patent"): FilingPack(
        {"zh": "专利著录项目变更", "en": "Change of bibliographic data of a patent"},
        ({"zh": "著录项目变更申报书", "en": "Declaration of change of bibliographic data"}, CONTRACT, CO_OWNERS, AGENT,
         EXPORT),
        Money(200_00, "CNY"),
        {"zh": "费用须自提出之日起一个月内缴纳", "en": "the fee is due within one month of filing"},
        "专利法第十条；专利法实施细则（2023）",
    ),
    ("licence", "patent"): FilingPack(
        {"zh": "专利实施许可合同备案", "en": "Recordal of a patent licence"},
        ({"zh": "备案申请表", "en": "Recordal form"}, CONTRACT, PAPERS, AGENT, CO_OWNERS),
        Money(0, "CNY"),
        {"zh": "许可生效之日起三个月内备案；审查七个工作日",
         "en": "within three months of taking effect; examined in seven working days"},
        "专利法实施细则（2023）第十五条；专利实施许可合同备案办法（2011 年第 62 号令）",
    ),
    ("transfer", "trademark"): FilingPack(
        {"zh": "商标转让", "en": "Transfer of a trade mark"},
        ({"zh": "转让人与受让人共同签署的申请书", "en": "Application signed by both sides together"}, CONTRACT, PAPERS,
         {"zh": "同一种或类似商品上相同或近似商标一并转让的清单",
          "en": "List of identical or similar marks on the same or similar goods, transferred together"}),
        Money(500_00, "CNY"), None,
        "商标法（2019）第四十二条；商标法实施条例第三十一条",
    ),
    ("licence", "trademark"): FilingPack(
        {"zh": "商标使用许可备案", "en": "Recordal of a trade mark licence"},
        ({"zh": "许可人报送的备案表（双方、期限、商品）", "en": "Recordal form of the licensor: parties, term, goods"},
         PAPERS),
        Money(150_00, "CNY"),
        {"zh": "在许可期限内报送", "en": "filed within the term of the licence"},
        "商标法（2019）第四十三条；商标法实施条例第六十九条",
    ),
}  # fmt: skip


def filing_pack(kind: DealKind, asset_kind: AssetKind, office: str) -> FilingPack | None:
    """The pack for a right of the Chinese offices; ``None`` where this register knows no list."""
    if office != "CN":
        return None
    family = "patent" if asset_kind in PATENT_KINDS else asset_kind.value
    return PACKS.get((kind.value, family))


def as_json(pack: FilingPack) -> dict[str, Any]:
    """The pack in the form outside callers read."""
    return {
        "formality": pack.formality, "documents": list(pack.documents), "source": pack.source, "time": pack.time,
        "fee": None if pack.fee is None else {"amount": pack.fee.format(), "currency": pack.fee.currency},
    }  # fmt: skip

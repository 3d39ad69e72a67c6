"""Clauses that the law makes void, found in what the parties wrote, in Chinese and English.

The rules are data with their law and dates of effect; a finding quotes the words it rests on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

INTERPRETATION = {
    "zh": "最高人民法院关于审理技术合同纠纷案件适用法律若干问题的解释（2020修正）第十条",
    "en": "Supreme People's Court interpretation on technology contract disputes (2020 amendment), art. 10",
}
CIVIL_CODE_428 = {"zh": "《民法典》第四百二十八条", "en": "Civil Code, art. 428"}
CIVIL_CODE_586 = {"zh": "《民法典》第五百八十六条", "en": "Civil Code, art. 586"}


@dataclass(frozen=True)
class VoidClauseRule:
    """One kind of void clause: the words that show it, its law, and what to say instead."""

    rule_id: str
    subject: str
    law: dict[str, str]
    meaning: dict[str, str]
    patterns: tuple[str, ...]
    saved_by: str | None = None
    effective_from: date = date(2021, 1, 1)
    effective_to: date | None = None

    def in_force(self, on: date) -> bool:
        """Whether the rule is law on this day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class VoidClause:
    """A sentence in a draft that would be void, and why."""

    rule_id: str
    law: dict[str, str]
    meaning: dict[str, str]
    quote: str


_IMPROVEMENTS = (
    r"改进.{0,20}(归|属于|所有权.{0,6}归).{0,6}(许可方|让与人|甲方|乙方|一方|转让方)",
    r"(无偿|免费|独占).{0,10}(回授|返授|许可).{0,12}(改进|后续)",
    r"改进.{0,20}(无偿|免费|独占).{0,10}(回授|返授|许可|提供)",
    r"\bimprovements?\b.{0,80}\b(belong|vest|assigned?|granted? back)\b.{0,60}\b(licensor|assignor|party [ab]|(first|second) party)\b",
    r"\bgrant[- ]?backs?\b",
)
RULES: tuple[VoidClauseRule, ...] = (
    VoidClauseRule(
        "CN-LIC-06-a", "licence", INTERPRETATION,
        {"zh": "单方面、无对价地要求回授改进技术，构成非法垄断技术。可改为双方互惠或者支付合理对价。",
         "en": "A one-sided grant-back of improvements without return monopolises technology unlawfully. Make it reciprocal or pay for it."},
        _IMPROVEMENTS, saved_by=r"互惠|相互|对价|合理(费用|报酬)|reciproca|in return for|fair (price|payment)",
    ),
    VoidClauseRule(
        "CN-LIC-06-b", "licence", INTERPRETATION,
        {"zh": "不得限制从其他来源获得类似或者竞争技术。", "en": "The other side may not be kept from similar or rival technology."},
        (r"不得.{0,14}(使用|采用|获得|购买|引进|研发|开发).{0,14}(竞争|类似|同类|其他来源).{0,8}技术",
         r"\b(not|never|refrain from)\b.{0,60}\b(competing|rival|similar|alternative)\b.{0,20}\btechnolog"),
    ),
    VoidClauseRule(
        "CN-LIC-06-c", "licence", INTERPRETATION,
        {"zh": "明显不合理地限制产量、品种、价格、销售渠道或者出口市场。",
         "en": "Unreasonable limits on volume, range, price, sales channels or export markets."},
        (r"(最低|最高|限制).{0,6}(转售|销售)?价格.{0,12}(不得|必须|由)", r"(不得|禁止|限制).{0,8}出口",
         r"(产量|销量|产品数量|品种).{0,8}(不得超过|限制|上限)", r"(只能|仅限|必须).{0,10}(指定|约定)的?(销售)?渠道",
         r"\b(resale|minimum|maximum) price\b.{0,50}\b(shall|must|fixed)\b", r"\b(not|never|no)\b.{0,20}\bexport",
         r"\b(output|production|quantity|volume)\b.{0,30}\b(not exceed|capped|limited to)\b"),
    ),
    VoidClauseRule(
        "CN-LIC-06-d", "licence", INTERPRETATION,
        {"zh": "搭售实施技术所不必需的技术、原材料、设备、服务或者人员。",
         "en": "Tying to technology, materials, equipment, services or staff not needed to work the right."},
        (r"必须.{0,8}(一并|同时|另行|搭配).{0,6}(购买|接受|采购)", r"搭售",
         r"\b(must|shall)\b.{0,30}\b(also|in addition)\b.{0,20}\b(buy|purchase|take|accept)\b", r"\btie-?in\b"),
    ),
    VoidClauseRule(
        "CN-LIC-06-e", "licence", INTERPRETATION,
        {"zh": "不合理地限制购买原材料、零部件、产品或者设备的渠道或来源。",
         "en": "Unreasonable limits on where materials, parts, products or equipment are bought."},
        (r"(只能|仅能|必须).{0,8}(向|从).{0,12}(购买|采购).{0,10}(原材料|零部件|设备|产品)",
         r"(原材料|零部件|设备).{0,12}(只能|仅能|必须).{0,8}(向|从).{0,12}(购买|采购)",
         r"\b(buy|purchase|source)\b.{0,40}\b(only|exclusively|solely)\b.{0,10}\bfrom\b",
         r"\b(only|exclusively|solely)\b.{0,12}\b(buy|purchase|source)\b"),
    ),
    VoidClauseRule(
        "CN-LIC-06-f", "licence", INTERPRETATION,
        {"zh": "禁止对知识产权的有效性提出异议，或者为异议附加条件。",
         "en": "A ban on challenging the validity of the right, or conditions on a challenge."},
        (r"(不得|禁止|放弃|不).{0,14}(质疑|异议|挑战|请求宣告).{0,16}(有效性|效力|无效)?",
         r"(不得|禁止|放弃).{0,20}(提起|请求|提出).{0,10}无效",
         r"\b(not|never|waives?|refrain from)\b.{0,50}\b(challeng\w*|contest\w*|disput\w*|question\w*)\b.{0,50}\b(validity|patent|right|mark)"),
    ),
    VoidClauseRule(
        "CN-PLG-LX", "pledge", CIVIL_CODE_428,
        {"zh": "流质条款：到期前约定债务人不履行时质物归质权人所有，质权人只能就质物优先受偿。",
         "en": "Forfeiture of the pledge: agreed before maturity, it gives the pledgee only the right to be paid first."},
        (r"(不履行|未能?(清偿|偿还|履行|还款)|逾期|违约).{0,30}(质物|专利权?|商标权?|著作权|知识产权|权利).{0,14}(直接|自动|即|立即)?(归|转移给|转归|过户).{0,8}(质权人|债权人|银行|贷款人|甲方|乙方)",
         r"(质物|专利权?|商标权?|知识产权).{0,10}(自动|直接|即).{0,4}归.{0,8}(所有|质权人)",
         r"\b(default|fails? to (pay|repay|perform)|not (paid|repaid))\b.{0,120}\b(ownership|title|patents?|marks?|pledged (rights?|assets?)|collateral)\b.{0,60}\b(pass(es)?|belongs?|vests?|transfer(s|red)?|falls?|becomes?)\b.{0,50}\b(pledgee|lender|bank|creditor)\b",
         r"\b(pledgee|lender|bank|creditor)\b.{0,40}\b(automatically|outright)\b.{0,30}\b(owns?|acquires?|takes?|becomes?)\b"),
    ),
    VoidClauseRule(
        "CN-TRF-10-a", "transfer", {"zh": "《专利法》第十条", "en": "Patent Law, art. 10"},
        {"zh": "权利自登记之日起转移，约定自签署或者付款时转移不生效力。",
         "en": "The right passes on registration: a promise that it passes on signing or payment has no effect."},
        (r"专利(申请)?权.{0,10}自.{0,12}(签署|签订|付款|生效)之日起?(即)?(转移|归)",
         r"\b(patent|title)\b.{0,30}\bpass(es)?\b.{0,20}\b(on|upon) (signing|signature|payment)\b"),
    ),
)  # fmt: skip


def find_void_clauses(text: str, subjects: Sequence[str] = (), on: date | None = None) -> list[VoidClause]:
    """The void clauses in a text, one finding a rule and sentence; all subjects unless some are named."""
    day = on or date.max.replace(year=2100)
    rules = [rule for rule in RULES if (not subjects or rule.subject in subjects) and rule.in_force(day)]
    return [
        VoidClause(rule.rule_id, rule.law, rule.meaning, sentence[:300])
        for sentence in _sentences(text)
        for rule in rules
        if _breaks(rule, sentence)
    ]


def _breaks(rule: VoidClauseRule, sentence: str) -> bool:
    found = any(pattern.search(sentence) for pattern in _compiled(rule.patterns))
    return found and not (rule.saved_by and re.search(rule.saved_by, sentence, re.IGNORECASE))


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[。；;\n]|(?<=[a-z)])\.\s", text) if part.strip()]


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)

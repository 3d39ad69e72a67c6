"""Legal rules as data: which law says what, from when to when, in both languages.

Where an article number could not be verified the rule says so instead of naming one.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from marketplace.core.errors import Refused
from marketplace.core.i18n import _, _l, locale_is_chinese

_FILE = Path(__file__).with_name("legal_rules.json")


@dataclass(frozen=True)
class LegalRule:
    """One rule in one version of one law."""

    id: str
    law_zh: str
    law_en: str
    short_zh: str
    article: str | None
    article_zh: str | None
    version: str
    effective_from: date
    effective_to: date | None
    severity: str
    zh: str
    en: str
    source: str

    def applies_on(self, on: date) -> bool:
        """Whether this version was in force on the day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    @property
    def citation(self) -> str:
        """The law and article in the page's language; an unverified article is called so."""
        if locale_is_chinese():
            return self.citation_zh
        return self.citation_en

    @property
    def citation_zh(self) -> str:
        """《民法典》第四百四十四条."""
        return f"{self.short_zh}{self.article_zh or '（条文编号未核实）'}"

    @property
    def citation_en(self) -> str:
        """Civil Code art. 444."""
        return f"{self.law_en} art. {self.article}" if self.article else f"{self.law_en} (article not verified)"

    @property
    def text(self) -> str:
        """What the rule says, in the page's language."""
        return self.zh if locale_is_chinese() else self.en


@lru_cache(maxsize=1)
def all_rules() -> tuple[LegalRule, ...]:
    """Every rule in every version."""
    rows = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(_rule(row) for row in rows)


def _rule(row: dict[str, Any]) -> LegalRule:
    ends = row.pop("effective_to")
    begins = date.fromisoformat(row.pop("effective_from"))
    return LegalRule(**row, effective_from=begins, effective_to=date.fromisoformat(ends) if ends else None)


@lru_cache(maxsize=1)
def _by_id() -> dict[str, list[LegalRule]]:
    found: dict[str, list[LegalRule]] = {}
    for rule in all_rules():
        found.setdefault(rule.id, []).append(rule)
    return found


def rule_on(rule_id: str, on: date) -> LegalRule:
    """The version of the rule in force on the day; before its first version, the first."""
    versions = _by_id()[rule_id]
    return next((rule for rule in versions if rule.applies_on(on)), versions[0])


class LegalRefusal(Refused):
    """The law forbids the act; the refusal names the rule, the law, the article and its version."""

    message = _l("%(text)s (%(citation)s)")

    def __init__(self, rule: LegalRule, **params: Any) -> None:
        super().__init__(
            rule=rule.id,
            law=rule.citation_en,
            law_zh=rule.citation_zh,
            article=rule.article,
            version=rule.version,
            zh=rule.zh,
            en=rule.en,
            **params,
        )
        self.rule = rule

    @property
    def detail(self) -> str:
        """What the law says and where, in the reader's language."""
        return _("%(text)s (%(citation)s)", text=self.rule.text, citation=self.rule.citation)


def refuse_by_law(rule_id: str, on: date, **params: Any) -> LegalRefusal:
    """The refusal that the rule in force on that day demands."""
    return LegalRefusal(rule_on(rule_id, on), **params)

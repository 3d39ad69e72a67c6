"""Legal rules as data: which law says what of which rights, from when to when, in both languages.

One rule id may stand in several laws (patents, marks, copyright) and versions. Where an article number could not be
verified the rule says so instead of naming one; where no version was in force that day, the rule named under
``otherwise`` stands in, and without one nothing is said.
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
    rights: tuple[str, ...]
    otherwise: str | None
    acts: tuple[str, ...]
    when: str | None

    @property
    def office(self) -> str:
        """The office whose law this is; ANY for the register's own general rules."""
        return self.id.split("-")[0]

    def fits(self, scope: "LegalScope | None") -> bool:
        """Whether this law speaks of such rights at all."""
        if scope is None:
            return True
        return self.office in ("ANY", scope.office) and (not self.rights or scope.right in self.rights)

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

    def has_words(self, words: str) -> bool:
        """Whether every word stands in the rule's name or text."""
        text = f"{self.id} {self.law_zh} {self.law_en} {self.zh} {self.en}".casefold()
        return all(word in text for word in words.casefold().split())

    def as_json(self) -> dict[str, Any]:
        """The rule in the form outside callers read."""
        return {
            "rule": self.id, "law": self.citation_en, "law_zh": self.citation_zh, "article": self.article,
            "version": self.version, "effective_from": self.effective_from.isoformat(),
            "effective_to": self.effective_to.isoformat() if self.effective_to else None, "severity": self.severity,
            "rights": list(self.rights), "zh": self.zh, "en": self.en, "source": self.source,
        }  # fmt: skip

    @property
    def text(self) -> str:
        """What the rule says, in the page's language."""
        return self.zh if locale_is_chinese() else self.en


RIGHTS = {
    "invention": "patent", "utility_model": "patent", "design": "patent", "trademark": "mark", "copyright": "copyright",
    "software": "copyright", "layout_design": "layout", "plant_variety": "variety",
}  # fmt: skip
"""Which body of law speaks of each kind of asset."""


OFFICES = ("ANY", "CN", "SG", "HK", "US", "EP")
"""Whose laws stand here; ANY is the register's own general rules."""


@dataclass(frozen=True)
class LegalScope:
    """Whose law judges a right: the office's, on rights of this group."""

    office: str
    right: str


@lru_cache(maxsize=1_000)
def legal_scope(office: str, kind: str) -> LegalScope:
    """The law that judges assets of this office and kind."""
    return LegalScope(office, RIGHTS[kind])


@lru_cache(maxsize=1)
def all_rules() -> tuple[LegalRule, ...]:
    """Every rule in every version."""
    rows = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(_rule(row) for row in rows)


def _rule(row: dict[str, Any]) -> LegalRule:
    begins, ends = date.fromisoformat(row["effective_from"]), row["effective_to"]
    typed = {
        "effective_from": begins, "effective_to": date.fromisoformat(ends) if ends else None,
        "rights": tuple(row["rights"]), "acts": tuple(row["acts"]),
    }  # fmt: skip
    return LegalRule(**(row | typed))


@lru_cache(maxsize=1)
def _by_id() -> dict[str, list[LegalRule]]:
    found: dict[str, list[LegalRule]] = {}
    for rule in all_rules():
        found.setdefault(rule.id, []).append(rule)
    return found


class NoLawThatDay(Refused):
    """None of the rule's versions was in force on the day."""

    message = _l("No version of the rule %(rule)s was in force on %(day)s.")


@lru_cache(maxsize=20_000)
def find_rule(rule_id: str, on: date, scope: LegalScope | None = None) -> LegalRule | None:
    """The version in force on the day for such rights, else the rule that stands in, else nothing."""
    versions = [rule for rule in _by_id()[rule_id] if rule.fits(scope)]
    found = next((rule for rule in versions if rule.applies_on(on)), None)
    instead = (versions or _by_id()[rule_id])[0].otherwise
    return found if found or instead is None else find_rule(instead, on, scope)


def rule_on(rule_id: str, on: date, scope: LegalScope | None = None) -> LegalRule:
    """The same where something must be said."""
    found = find_rule(rule_id, on, scope)
    if found is None:
        raise NoLawThatDay(rule=rule_id, day=on.isoformat())
    return found


def rules_about(act: str, on: date, scope: LegalScope) -> tuple[LegalRule, ...]:
    """What the law in force that day tells the parties of such an act; a special rule takes the general one's place."""
    found = [rule for rule in _informing().get(act, ()) if rule.applies_on(on) and rule.fits(scope)]
    replaced = {rule.otherwise for rule in found}
    return tuple(rule for rule in found if rule.id not in replaced)


def rules_in_force(on: date, office: str = "", right: str = "", words: str = "") -> list[LegalRule]:
    """Every rule in force on a day; of one office, on one group of rights, with these words when asked."""
    return [
        rule
        for rule in all_rules()
        if rule.applies_on(on)
        and office in ("", rule.office)
        and (not right or not rule.rights or right in rule.rights)
        and rule.has_words(words)
    ]


@lru_cache(maxsize=1)
def _informing() -> dict[str, list[LegalRule]]:
    found: dict[str, list[LegalRule]] = {}
    for rule in all_rules():
        for act in rule.acts:
            found.setdefault(act, []).append(rule)
    return found


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


def refuse_by_law(rule_id: str, on: date, scope: LegalScope | None = None, **params: Any) -> LegalRefusal:
    """The refusal that the rule in force on that day demands."""
    return LegalRefusal(rule_on(rule_id, on, scope), **params)

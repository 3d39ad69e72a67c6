"""The indicator table as data: versions entered by operators, each kept for ever; the newest one known on a day counts.

Until a table is entered the illustrative one shipped with the package is in force. No version claims compliance with
any standard.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import Malformed, NotAllowed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.valuation import policy
from marketplace.valuation.indicators import SCENARIOS, indicator_table

GROUPS = ("legal", "technical", "economic")
LEAST_PARTS, LEAST_INDICATORS = 14, 27
"""The shape: 3 first-level, 14 second-level, 27 third-level indicators; extensions may be added, none left out."""


class IndicatorTable(Model):
    """One version of the indicator table, written once."""

    __tablename__ = "indicator_tables"

    version: Mapped[str] = mapped_column(String(60), unique=True)
    content: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(1000))
    entered_at: Mapped[datetime]
    entered_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


@dataclass(frozen=True)
class IndicatorTableEntered(Fact):
    """A new version of the indicator table is in force."""

    table_id: UUID
    version: str


def enter_table(actor: Actor, content: dict[str, Any], reason: str, now: datetime) -> IndicatorTable:
    """An operator enters a new version; from now on it scores new indications, and older ones keep theirs."""
    require(policy.may_enter_indicators(actor), NotAllowed())
    check_table(content)
    version = str(content["version"])
    used = session.execute(select(IndicatorTable.id).where(IndicatorTable.version == version)).first()
    require(
        used is None and version != indicator_table()["version"],
        Malformed("version", _l("This version has been used already.")),
    )
    table = IndicatorTable(version=version, content=content, reason=reason, entered_at=now, entered_by=actor.person_id)
    session.add(table)
    session.flush()
    announce(actor, now, IndicatorTableEntered(table.id, version), after={"version": version, "reason": reason})
    return table


def entered_table(as_of: datetime) -> dict[str, Any] | None:
    """The newest version entered by an instant; none means the shipped one."""
    query = select(IndicatorTable).where(IndicatorTable.entered_at <= as_of)
    newest = session.execute(query.order_by(IndicatorTable.entered_at.desc(), IndicatorTable.id.desc()).limit(1))
    found: IndicatorTable | None = newest.scalar_one_or_none()
    return found.content if found else None


def table_in_force(as_of: datetime) -> dict[str, Any]:
    """The table that scores an indication as of an instant."""
    return entered_table(as_of) or indicator_table()


def table_history() -> list[IndicatorTable]:
    """Every version entered, newest first."""
    query = select(IndicatorTable).order_by(IndicatorTable.entered_at.desc(), IndicatorTable.id.desc())
    return list(session.execute(query).scalars())


def check_table(content: dict[str, Any]) -> None:
    """Refuse a table that cannot score: its shape, weights, rules, grades and names."""
    try:
        faults = [*_shape_faults(content), *_weight_faults(content), *_rule_faults(content)]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise Malformed(
            "table", _l("The table does not have the parts it needs; start from the one in force.")
        ) from None
    if faults:
        raise Malformed("table", faults[0])


def _parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for group in content["groups"] for part in group["parts"]]


def _shape_faults(content: dict[str, Any]) -> list[Any]:
    parts = _parts(content)
    indicators = [one for part in parts for one in part["indicators"]]
    twice = any(len({one["key"] for one in level}) != len(level) for level in (parts, indicators))
    named = all(str(one["zh"]).strip() and str(one["en"]).strip() for one in [*parts, *indicators])
    named = named and all(str(content["names"][group][language]) for group in GROUPS for language in ("zh", "en"))
    short = not 0 < len(str(content["version"]).strip()) <= 60
    rows: list[tuple[bool, Any]] = [
        (short, _l("Name the version in at most 60 letters.")),
        (
            [group["key"] for group in content["groups"]] != list(GROUPS)
            or len(parts) < LEAST_PARTS
            or len(indicators) < LEAST_INDICATORS,
            _l("The table needs legal, technical and economic value with at least 14 parts and 27 indicators."),
        ),
        (twice, _l("Every indicator needs its own key.")),
        (not named, _l("Every part and indicator needs a Chinese and an English name.")),
    ]
    return [words for wrong, words in rows if wrong]


def _weight_faults(content: dict[str, Any]) -> list[Any]:
    parts = _parts(content)
    inside = [one["weight"] for one in parts] + [one["weight"] for part in parts for one in part["indicators"]]
    scenarios = [content["weights"][scenario] for scenario in SCENARIOS]
    shares = [scenario[group] for scenario in scenarios for group in GROUPS]
    wrong = any(not 0 < float(weight) <= 1000 for weight in inside) or any(
        not 0 <= float(share) <= 1000 for share in shares
    )
    wrong = wrong or any(sum(float(scenario[group]) for group in GROUPS) <= 0 for scenario in scenarios)
    return [_l("Weights are positive numbers, for every scenario.")] if wrong else []


def _rule_faults(content: dict[str, Any]) -> list[Any]:
    grades, rules = [float(limit) for limit in content["grades"]], content["rules"]
    wanted = {one["rule"] for part in _parts(content) for one in part["indicators"]} - {None}
    faults: list[Any] = []
    if len(grades) != 4 or grades != sorted(grades, reverse=True) or not all(0 < limit < 100 for limit in grades):
        faults.append(_l("Five grades need four limits between 100 and 0, falling."))
    if not wanted <= set(rules) or not all(_scores_well(rule) for rule in rules.values()):
        faults.append(_l("Every rule an indicator names must be there, with scores from 0 to 100 on rising points."))
    return faults


def _scores_well(rule: dict[str, Any]) -> bool:
    """Whether a scale has scores from 0 to 100, and its points rise."""
    if "values" in rule:
        return bool(rule["values"]) and all(0 <= float(score) <= 100 for score in rule["values"].values())
    facts = [float(fact) for fact, _score in rule["points"]]
    rising = all(earlier < later for earlier, later in zip(facts, facts[1:], strict=False))
    return bool(facts) and rising and all(0 <= float(score) <= 100 for _fact, score in rule["points"])

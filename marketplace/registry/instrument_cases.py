"""Proposed instruments read from plain JSON and weighed, with or without the register behind them."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from marketplace.core.errors import Malformed, Problem
from marketplace.core.i18n import _l
from marketplace.registry.assets import PATENT_KINDS, AssetKind, LegalStatus, find_by_number
from marketplace.registry.burdens import Burden
from marketplace.registry.conflicts import EXCLUSIVE, NON_EXCLUSIVE, OPEN, SOLE
from marketplace.registry.encumbrances import EncumbranceKind
from marketplace.registry.fees import FeeState
from marketplace.registry.names import normal_name
from marketplace.registry.ownership import Owner, owners_of
from marketplace.registry.rights import check_instrument
from marketplace.registry.verdicts import Verdict, weigh
from marketplace.registry.weighing import INSTRUMENT_KINDS, Instrument, Standing

_NAMESPACE = UUID("6f1ad0a2-9a7e-5c1e-9a3c-6f0c5b7e2d10")
_NO_ASSET = UUID(int=0)
_EXCLUSIVITIES = {
    "exclusive": EXCLUSIVE, "独占": EXCLUSIVE, "sole": SOLE, "排他": SOLE, "non_exclusive": NON_EXCLUSIVE,
    "non-exclusive": NON_EXCLUSIVE, "nonexclusive": NON_EXCLUSIVE, "plain": NON_EXCLUSIVE, "普通": NON_EXCLUSIVE,
    "open": OPEN,
}  # fmt: skip
_LICENCE_WORDS = {"exclusive_licence": EXCLUSIVE, "sole_licence": SOLE, "non_exclusive_licence": NON_EXCLUSIVE}
_ORDERS = ("pledge", "preservation", "ownership_dispute", "invalidation_proceedings")
_BURDEN_OF = {
    EXCLUSIVE: EncumbranceKind.EXCLUSIVE_LICENCE, SOLE: EncumbranceKind.SOLE_LICENCE,
    NON_EXCLUSIVE: EncumbranceKind.NON_EXCLUSIVE_LICENCE, OPEN: EncumbranceKind.OPEN_LICENCE,
}  # fmt: skip


def judge_cases(cases: Any, on: date, refused: Callable[[Problem], dict[str, Any]]) -> list[dict[str, Any]]:
    """One verdict for each case; a malformed case is answered with its own error.

    A case is a proposed instrument on an asset of the register (by id or number), or ``{"existing": […],
    "proposed": {…} or […]}``, which is weighed by itself.
    """
    answers = []
    for case in cases if isinstance(cases, list) else [cases]:
        try:
            answers.extend(_judge(case, on))
        except Problem as problem:
            answers.append(refused(problem))
    return answers


def _judge(case: Any, on: date) -> list[dict[str, Any]]:
    if not isinstance(case, dict):
        raise Malformed("", _l("Each case is a JSON object."))
    day = _day(case, "on") or on
    if "existing" not in case:
        return [verdict_json(_check(case, day))]
    proposed = case.get("proposed", [])
    several = proposed if isinstance(proposed, list) else [proposed]
    return [
        verdict_json(weigh(read_instrument(item, needs_asset=False), _standing(case, item), day)) for item in several
    ]


def _check(case: dict[str, Any], on: date) -> Verdict:
    """The verdict on an instrument over an asset of the register; a cross-licence is both of its licences."""
    legs = case.get("licences")
    if case.get("kind") != "cross_licence" or legs is None:
        return check_instrument(read_instrument(case), on)
    if not isinstance(legs, list) or len(legs) != 2 or not all(isinstance(leg, dict) for leg in legs):
        raise Malformed("licences", _l("A cross-licence consists of two licences, each party licensing the other."))
    verdicts = [check_instrument(read_instrument({"kind": "licence", **leg}), on) for leg in legs]
    refused = [verdict for verdict in verdicts if not verdict.allowed]
    return Verdict(
        allowed=not refused,
        conflicts=[conflict for verdict in verdicts for conflict in verdict.conflicts],
        alternatives=refused[0].alternatives if len(refused) == 1 else [],
        warnings=list(dict.fromkeys(rule for verdict in verdicts for rule in verdict.warnings)),
    )


def read_instrument(case: Any, needs_asset: bool = True) -> Instrument:
    """A proposed instrument from its JSON form."""
    if not isinstance(case, dict):
        raise Malformed("proposed", _l("Each case is a JSON object."))
    kind, exclusivity = _kind(case)
    begins, ends = _period(case)
    asset_id = _asset_id(case) if needs_asset else _NO_ASSET
    return Instrument(
        kind=kind,
        asset_id=asset_id,
        grantor_id=_grantor(case, asset_id) if needs_asset else _party(case, "grantor"),
        grantee_id=_party(case, "grantee"),
        territory=_words(case, "territory"),
        fields=_words(case, "fields"),
        begins_on=begins,
        ends_on=ends,
        exclusivity=exclusivity,
        subject_to_earlier=case.get("subject_to_earlier") is True,
        under=str(case.get("under") or case.get("parent") or ""),
    )


def _kind(case: dict[str, Any]) -> tuple[str, str | None]:
    """The kind of instrument a case names and, of a licence, its exclusivity; both may be said in one word."""
    kind, exclusivity = str(case.get("kind", "licence")), case.get("exclusivity")
    if kind in _LICENCE_WORDS:
        kind, exclusivity = "licence", _LICENCE_WORDS[kind]
    if kind not in INSTRUMENT_KINDS:
        raise Malformed("kind", _l("This kind of instrument is not known."))
    if exclusivity is None:
        return kind, None
    if str(exclusivity) not in _EXCLUSIVITIES:
        raise Malformed("exclusivity", _l("Choose exclusive, sole or non-exclusive."))
    known = _EXCLUSIVITIES[str(exclusivity)]
    return ("open_licence" if known == OPEN else kind), known


def _period(case: dict[str, Any]) -> tuple[date | None, date | None]:
    begins, ends = _day(case, "begins_on"), _day(case, "ends_on")
    if begins and ends and ends < begins:
        raise Malformed("ends_on", _l("The end must not lie before the beginning."))
    return begins, ends


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict in the form outside callers read."""
    return {
        "allowed": verdict.allowed,
        "conflicts": [
            {
                "with": conflict.with_reference,
                "rule": conflict.rule.id,
                "law": conflict.rule.citation_en,
                "law_zh": conflict.rule.citation_zh,
                "article": conflict.rule.article,
                "version": conflict.rule.version,
                "zh": conflict.rule.zh,
                "en": conflict.rule.en,
                "detail": conflict.detail,
            }
            for conflict in verdict.conflicts
        ],
        "alternatives": [item.as_json() for item in verdict.alternatives],
        **({"together_with": list(verdict.together_with)} if verdict.together_with else {}),
        "warnings": [
            {"rule": rule.id, "law": rule.citation_en, "law_zh": rule.citation_zh, "zh": rule.zh, "en": rule.en}
            for rule in verdict.warnings
        ],
    }


def _standing(case: dict[str, Any], proposed: Any) -> Standing:
    """What a case states of the right; who is not named is not weighed."""
    facts: dict[str, Any] = case["asset"] if isinstance(case.get("asset"), dict) else {}
    existing = case["existing"] if isinstance(case["existing"], list) else [case["existing"]]
    office = str(facts.get("office", "WO"))
    try:
        kind = AssetKind(str(facts.get("kind", "invention")))
        status = LegalStatus(str(facts.get("status", "in_force")))
        fees = FeeState(str(facts.get("fees", "unknown")))
    except ValueError as wrong:
        raise Malformed("asset", _l("This kind of right, status or fee is not known.")) from wrong
    pledged_once = facts.get("office", "CN") == "CN" and kind in PATENT_KINDS
    burdens = (_burden(item, index, pledged_once) for index, item in enumerate(existing))
    owners, act = _owners(facts), read_instrument(proposed, needs_asset=False).act
    country = proposed.get("grantee_country")
    return Standing(
        office=office,
        kind=kind,
        status=status,
        expires_on=_day(facts, "expires_on"),
        owners=owners,
        burdens=tuple(burden for burden in burdens if burden is not None),
        pledgee_consents=frozenset((name, act) for name in _words(proposed, "pledgee_consents")),
        co_owner_consents=frozenset(_party_id(name) for name in _words(proposed, "co_owner_consents")),
        fees=fees,
        grantee_abroad=None if country is None else str(country) != "CN",
    )


def _owners(facts: dict[str, Any]) -> tuple[Owner, ...]:
    names = _words(facts, "owners")
    return tuple(Owner(_party_id(name), name, Fraction(1, len(names))) for name in names)


def _burden(item: Any, index: int, pledged_once: bool) -> Burden | None:
    """A burden as a case states it; nothing when it says that it was lifted."""
    if not isinstance(item, dict):
        raise Malformed("existing", _l("Each case is a JSON object."))
    begins, ends = _period(item)
    burden = Burden(
        reference=str(item.get("id") or item.get("reference") or index),
        kind=(kind := _burden_kind(item)),
        begins_on=begins or date.min,
        ends_on=ends,
        territory=_words(item, "territory"),
        fields=_words(item, "fields"),
        holder_id=_party(item, "holder"),
        single_pledge=pledged_once and kind is EncumbranceKind.PLEDGE,
        may_sub_license=item.get("may_sub_license") is True,
    )
    return burden if _day(item, "lifted_on") is None else None


def _burden_kind(item: dict[str, Any]) -> EncumbranceKind:
    if item.get("kind") in _ORDERS:
        return EncumbranceKind(item["kind"])
    kind, exclusivity = _kind(item)
    return _BURDEN_OF[OPEN if kind == "open_licence" else exclusivity or NON_EXCLUSIVE]


def _words(case: dict[str, Any], name: str) -> tuple[str, ...]:
    given = case.get(name)
    if not given:
        return ()
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, list | tuple) or set(map(type, given)) != {str}:
        raise Malformed(name, _l("Give a list of words."))
    return tuple(given)


def _day(case: dict[str, Any], name: str) -> date | None:
    text = case.get(name)
    if text is None or text == "":
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError as wrong:
        raise Malformed(name, _l("Write the day as 2026-11-22.")) from wrong


def _asset_id(case: dict[str, Any]) -> UUID:
    given = str(case.get("asset_id") or case.get("asset") or case.get("number") or "")
    try:
        return UUID(given)
    except ValueError:
        return find_by_number(given).id


def _grantor(case: dict[str, Any], asset_id: UUID) -> UUID | None:
    """The grantor by id, or by the name under which an owner stands in the register."""
    given = str(case.get("grantor_id") or case.get("grantor") or "")
    for owner in owners_of(asset_id) if given else ():
        if normal_name(owner.name) == normal_name(given):
            return owner.organisation_id
    return _party(case, "grantor")


def _party(case: dict[str, Any], name: str) -> UUID | None:
    given = case.get(f"{name}_id") or case.get(name)
    return None if given is None else _party_id(str(given))


def _party_id(given: str) -> UUID:
    """A party by its id, or one of its own for each name."""
    try:
        return UUID(given)
    except ValueError:
        return uuid5(_NAMESPACE, normal_name(given))

"""Two thousand fictional rights, poured into the register with their owners."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from demo.names import MARKS, THINGS, TRADES, USES
from demo.people import Cast
from marketplace.core.db import new_id
from marketplace.registry.assets import Asset, AssetKind, AssetNumber, LegalStatus, application_key, number_key
from marketplace.registry.names import normal_name
from marketplace.registry.ownership import WHOLE, OwnershipShare
from marketplace.registry.pouring import pour

SOURCE = "DEMO generator: fictional"
K, S = AssetKind, LegalStatus
MIX = ((K.INVENTION, 55), (K.UTILITY_MODEL, 20), (K.DESIGN, 8), (K.TRADEMARK, 10), (K.SOFTWARE, 7))
YEARS = {K.INVENTION: 20, K.UTILITY_MODEL: 10, K.DESIGN: 15, K.TRADEMARK: 10, K.SOFTWARE: 50}
STATUSES = ((S.IN_FORCE, 84), (S.PENDING, 8), (S.LAPSED, 6), (S.WITHDRAWN, 2))


def make_assets(dice: random.Random, cast: Cast, count: int) -> dict[str, list[UUID]]:
    """Make the assets; answers, by company, the ones in force that it owns alone."""
    assets: list[dict[str, Any]] = []
    numbers: list[dict[str, Any]] = []
    shares: list[dict[str, Any]] = []
    owned: dict[str, list[UUID]] = {key: [] for key in cast.companies}
    for nr in range(1, count + 1):
        asset = _asset(dice, nr)
        assets.append(asset)
        numbers += _numbers(asset)
        owners = dice.sample(cast.companies, 2 if dice.random() < 0.05 else 1)
        asset["applicants"] = [cast.organisations[key].name_zh for key in owners]
        shares += [_share(asset, cast, key, len(owners)) for key in owners]
        if len(owners) == 1 and asset["status"] is S.IN_FORCE:
            owned[owners[0]].append(asset["id"])
    pour(Asset, assets)
    pour(AssetNumber, numbers)
    pour(OwnershipShare, shares)
    return owned


def _asset(dice: random.Random, nr: int) -> dict[str, Any]:
    kind = dice.choices([kind for kind, _weight in MIX], [weight for _kind, weight in MIX])[0]
    status = dice.choices([status for status, _weight in STATUSES], [weight for _status, weight in STATUSES])[0]
    if kind is K.SOFTWARE:
        status = S.IN_FORCE
    applied = date(2017, 1, 1) + timedelta(days=dice.randrange(2_200))
    granted = None if status in (S.PENDING, S.WITHDRAWN) else applied + timedelta(days=dice.randrange(300, 700))
    published = granted or applied + timedelta(days=540)
    titles, mark, ipc = _title(dice, kind, nr)
    return {
        "id": new_id(), "office": "CN", "kind": kind, "number": f"DEMO{nr:06d}", "kind_code": "B" if granted else "A",
        "application_number": f"DEMOAPPL{nr:06d}", "application_date": applied,
        "publication_date": published, "grant_date": granted,
        "expires_on": _ends(kind, applied), "status": status, "status_on": granted or applied, "status_source": SOURCE,
        "titles": titles, "abstracts": _abstract(titles), "language": "zh", "applicants": [],
        "inventors": [f"某发明人{dice.randrange(1, 400)}（演示）"], "ipc": ipc, "cpc": ipc,
        "nice_classes": [str(dice.randrange(1, 46))] if kind is K.TRADEMARK else [],
        "claims_count": dice.randrange(3, 28) if kind in (K.INVENTION, K.UTILITY_MODEL) else None,
        "family_id": "", "family_size": dice.choice((1, 1, 1, 2, 3, 5)), "cited_by_count": int(dice.expovariate(0.25)),
        "mark": mark, "facts": {}, "attribution": SOURCE, "demo": True, "changed_at": _known_from(published),
    }  # fmt: skip


def _known_from(day: date) -> datetime:
    """The register learned of a right when it was published, so that past sales and loans rest on what was known."""
    return datetime.combine(day, datetime.min.time(), UTC)


def _ends(kind: AssetKind, applied: date) -> date:
    return applied.replace(year=applied.year + YEARS[kind], day=min(applied.day, 28))


def _title(dice: random.Random, kind: AssetKind, nr: int) -> tuple[dict[str, str], str, list[str]]:
    use, thing, mark = dice.choice(USES), dice.choice(THINGS), dice.choice(MARKS)
    if kind is K.TRADEMARK:
        return {"zh": f"{mark[0]}{nr}", "en": f"{mark[1]} {nr}"}, f"{mark[0]} {mark[1]} {nr}", []
    if kind is K.SOFTWARE:
        trade = dice.choice(TRADES)
        return {"zh": f"{use[0]}{trade[0]}管理软件V{nr % 9 + 1}.0", "en": f"{trade[1]} manager for {use[1]}"}, "", []
    return {"zh": f"一种用于{use[0]}的{thing[0]}", "en": f"A {thing[1]} for {use[1]}"}, "", [thing[2]]


def _abstract(titles: dict[str, str]) -> dict[str, str]:
    return {"zh": f"本演示数据描述{titles['zh']}，纯属虚构。", "en": f"Demo data, entirely fictional: {titles['en']}."}


def _numbers(asset: dict[str, Any]) -> list[dict[str, Any]]:
    number, code = asset["number"], asset["kind_code"]
    keys = {
        (number_key(f"CN{number}{code}"), "document"), (number_key(f"CN{number}"), "publication"),
        (number_key(number), "publication"), (application_key("CN", asset["application_number"]), "application"),
    }  # fmt: skip
    return [{"asset_id": asset["id"], "key": key, "use": use} for key, use in sorted(keys)]


def _share(asset: dict[str, Any], cast: Cast, key: str, owners: int) -> dict[str, Any]:
    name = cast.organisations[key].name_zh or ""
    held_from = _known_from(asset["application_date"])
    return {
        "asset_id": asset["id"], "organisation_id": cast.organisations[key].id, "name": name, "name_key": normal_name(name),
        "units": WHOLE // owners, "share_stated": True, "held_from": held_from, "held_to": None, "known_from": _known_from(asset["publication_date"]),
        "known_to": None, "reference": SOURCE,
    }  # fmt: skip

"""Assets, owners and burdens for tests."""

from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import count
from typing import Any

from marketplace.core.actor import SYSTEM
from marketplace.core.db import session
from marketplace.identity.organisations import Organisation
from marketplace.registry.assets import (
    Asset,
    AssetKind,
    AssetNumber,
    LegalStatus,
    application_key,
    number_key,
)
from marketplace.registry.ownership import register_ownership

_numbers = count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_asset(owner: Organisation | None = None, **changes: Any) -> Asset:
    """A Chinese invention in force with a plainly fictional title, wholly owned by the given organisation."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "office": "CN",
        "kind": AssetKind.INVENTION,
        "number": f"9{number:08d}",
        "kind_code": "B",
        "application_number": f"20211{number:07d}",
        "application_date": date(2021, 3, 1),
        "grant_date": date(2023, 3, 1),
        "publication_date": date(2023, 3, 1),
        "expires_on": date(2041, 3, 1),
        "status": LegalStatus.IN_FORCE,
        "status_on": date(2023, 3, 1),
        "status_source": "made for a test",
        "titles": {"zh": f"虚构装置{number}", "en": f"Fictional device {number}"},
        "abstracts": {"zh": "一种不存在的装置。", "en": "A device that does not exist."},
        "applicants": [],
        "inventors": ["某发明人"],
        "ipc": ["H04L9/32"],
        "cpc": ["H04L9/3247"],
        "claims_count": 10,
        "family_size": 3,
        "changed_at": datetime.now(UTC),
        "demo": True,
    }
    asset = Asset(**(fields | changes))
    session.add(asset)
    session.flush()
    _number(asset)
    if owner is not None:
        make_owners(asset, (owner, Fraction(1)))
    return asset


def make_owners(asset: Asset, *owners: tuple[Organisation, Fraction], since: datetime = LONG_AGO) -> None:
    """Enter owners with their shares."""
    stated = [(owner.id, owner.name_zh or owner.name_en or "", share) for owner, share in owners]
    register_ownership(SYSTEM, asset.id, stated, "made for a test", datetime.now(UTC), held_from=since)


def _number(asset: Asset) -> None:
    keys = {
        (number_key(f"{asset.office}{asset.number}{asset.kind_code}"), "document"),
        (number_key(f"{asset.office}{asset.number}"), "publication"),
        (number_key(asset.number), "publication"),
        (application_key(asset.office, asset.application_number), "application"),
        (asset.office + application_key(asset.office, asset.application_number), "application"),
    }
    for key, use in keys:
        session.add(AssetNumber(asset_id=asset.id, key=key, use=use))
    session.flush()

"""Proof of the register's invariants over the whole database; the first broken row is named."""

from typing import Any

from sqlalchemy import text

from marketplace.core.db import session

CHECKS: tuple[tuple[str, str], ...] = (
    (
        "ownership shares make one at every instant",
        """
        SELECT moment.asset_id AS row, coalesce(sum(share.units), 0) AS detail
        FROM (
            SELECT asset_id, held_from AS at FROM ownership_shares WHERE known_to IS NULL
            UNION SELECT asset_id, held_to FROM ownership_shares WHERE known_to IS NULL AND held_to IS NOT NULL
        ) AS moment
        LEFT JOIN ownership_shares AS share ON share.asset_id = moment.asset_id AND share.known_to IS NULL
            AND share.held_from <= moment.at AND (share.held_to IS NULL OR share.held_to > moment.at)
        GROUP BY moment.asset_id, moment.at HAVING coalesce(sum(share.units), 0) <> 720720000
        ORDER BY moment.asset_id LIMIT 1
        """,
    ),
    (
        "one live pledge on a Chinese patent",
        """
        SELECT asset_id AS row, count(*) AS detail FROM encumbrances JOIN assets ON assets.id = asset_id
        WHERE encumbrances.kind = 'pledge' AND lifted_at IS NULL AND annulled_at IS NULL AND office = 'CN'
            AND assets.kind IN ('invention', 'utility_model', 'design')
        GROUP BY asset_id HAVING count(*) > 1 ORDER BY asset_id LIMIT 1
        """,
    ),
    (
        "no licence or secured debt outlives the right",
        """
        SELECT encumbrances.id AS row, encumbrances.ends_on AS detail
        FROM encumbrances JOIN assets ON assets.id = asset_id
        WHERE encumbrances.kind IN ('pledge', 'exclusive_licence', 'sole_licence', 'non_exclusive_licence',
            'open_licence') AND lifted_at IS NULL AND annulled_at IS NULL
            AND assets.kind <> 'trademark' AND encumbrances.ends_on > assets.expires_on
        ORDER BY encumbrances.id LIMIT 1
        """,
    ),
    (
        "no two live licences exclude one another",
        """
        SELECT one.id AS row, other.id AS detail FROM licence_cells AS one
        JOIN licence_cells AS other ON one.asset_id = other.asset_id AND one.id < other.id
            AND one.country = other.country
            AND textrange(one.field_from::text, one.field_to::text)
                && textrange(other.field_from::text, other.field_to::text)
            AND daterange(one.begins_on, one.ends_on, '[]') && daterange(other.begins_on, other.ends_on, '[]')
            AND int8range(one.lane_from, one.lane_to) && int8range(other.lane_from, other.lane_to)
        ORDER BY one.id LIMIT 1
        """,
    ),
)


def verify_register() -> dict[str, Any]:
    """Check every invariant; the answer names each check and, where it is broken, the first row."""
    results = [_check(name, query) for name, query in CHECKS]
    counted = session.execute(text("SELECT (SELECT count(*) FROM assets), (SELECT count(*) FROM publications)")).one()
    return {
        "valid": all(result["holds"] for result in results),
        "assets": counted[0],
        "publications": counted[1],
        "checks": results,
    }


def _check(name: str, query: str) -> dict[str, Any]:
    broken = session.execute(text(query)).first()
    if broken is None:
        return {"check": name, "holds": True}
    return {"check": name, "holds": False, "first_broken": str(broken.row), "detail": str(broken.detail)}

"""What can I do with this? Each act of an owner with its verdict, for the asset page."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from marketplace.core.i18n import _l
from marketplace.registry.assets import Asset
from marketplace.registry.conflicts import Alternative
from marketplace.registry.fields_of_use import EXCEPT, fields_in_words
from marketplace.registry.pledge_grounds import PledgeFinding, check_pledge_registration
from marketplace.registry.rights import Instrument, Verdict, check_instrument

ACTS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("sell", _l("Offer it for sale"), {"kind": "listing"}),
    ("transfer", _l("Transfer it"), {"kind": "transfer"}),
    ("licence", _l("License it, non-exclusively"), {"kind": "licence", "exclusivity": "non_exclusive"}),
    ("exclusive", _l("License it exclusively"), {"kind": "licence", "exclusivity": "exclusive"}),
    ("open", _l("Declare an open licence"), {"kind": "open_licence"}),
    ("pledge", _l("Pledge it for a loan"), {"kind": "pledge"}),
)

ALTERNATIVE_WORDS: dict[str, Any] = {
    "consent_of_pledgee": _l("Ask the pledgee for its recorded consent."),
    "consent_of_co_owners": _l("Record the consent of the other owners."),
    "subject_to_earlier": _l("Grant it subject to the earlier non-exclusive licences."),
    "non_exclusive": _l("Grant a non-exclusive licence instead."),
    "territory": _l("Limit it to the countries that are still free."),
    "fields": _l("Limit it to the fields of use that are still free."),
    "ends_on": _l("Let it end earlier."),
    "begins_on": _l("Let it begin later."),
    "period": _l("Limit it to the days that are still free."),
    "pay_fees": _l("Pay the late fee with its surcharge first."),
    "consent_of_licensor": _l("Ask the licensor to agree to sub-licences."),
}


@dataclass(frozen=True)
class Act:
    """One thing an owner may want to do, and what the law says to it today."""

    key: str
    label: Any
    verdict: Verdict
    grounds: tuple[PledgeFinding, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether nothing stands in the way."""
        return self.verdict.allowed and all(finding.waivable for finding in self.grounds)

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Each reason against it: what the law says, and where."""
        found = [(conflict.rule.text, conflict.rule.citation) for conflict in self.verdict.conflicts]
        found += [(finding.rule.text, finding.rule.citation) for finding in self.grounds]
        return list(dict.fromkeys(found))

    @property
    def ways_out(self) -> list[str]:
        """The lawful alternatives in words."""
        return list(dict.fromkeys(way_out(item) for item in self.verdict.alternatives))


def way_out(alternative: Alternative) -> str:
    """An alternative in the reader's language, with its value and everything it needs besides."""
    words = str(ALTERNATIVE_WORDS[alternative.change])
    shown = f"{words} {_value_of(alternative)}".strip()
    return " ".join([shown, *(way_out(need) for need in alternative.needs)])


def _value_of(alternative: Alternative) -> str:
    if alternative.change.startswith("consent") or not alternative.value:
        return ""
    if alternative.change == "fields":
        return fields_in_words(alternative.value.split(" | " if EXCEPT in alternative.value else " "))
    return alternative.value.replace("/", " – ") if alternative.change == "period" else alternative.value


def acts_on(asset: Asset, organisation_id: UUID, on: date) -> list[Act]:
    """What the organisation may do with its asset today, each act allowed or with its legal reasons."""
    acts = []
    for key, label, terms in ACTS:
        instrument = Instrument(asset_id=asset.id, grantor_id=organisation_id, begins_on=on, **terms)
        verdict = check_instrument(instrument, on)
        grounds: tuple[PledgeFinding, ...] = ()
        if key == "pledge" and asset.is_chinese_patent:
            grounds = tuple(check_pledge_registration(asset.id, organisation_id, None, on))
        acts.append(Act(key, label, verdict, grounds))
    return acts

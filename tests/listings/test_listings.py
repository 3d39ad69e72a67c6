"""Offering an asset."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.identity.organisations import find_organisation
from marketplace.identity.roles import Role
from marketplace.identity.verification import KycRequired
from marketplace.listings import course
from marketplace.listings.due_diligence import DueDiligenceIncomplete
from marketplace.listings.listings import (
    LISTING_LIFECYCLE,
    AlreadyListed,
    Listing,
    ListingNotEditable,
    ListingStatus,
    answer_due_diligence,
    change_listing,
    draft_listing,
    publish_listing,
    visible_listing,
)
from marketplace.listings.terms import Exclusivity, FeeAboveGuidance, FeeScheme, ListingMode, RoyaltyBase
from marketplace.listings.title_check import EvaluationReportMissing
from marketplace.listings.versions import versions_of
from marketplace.notices.inbox import notices_of
from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.consents import record_consent
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from marketplace.registry.rules import LegalRefusal
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import ANSWERS, NOW, TERMS, make_listing, make_owned_asset
from tests.makers.registry import make_asset, make_owners

pytestmark = pytest.mark.usefixtures("db")


def _pledge(asset: Any) -> Any:
    bank = make_actor(kind="bank")
    return bank, encumber(
        SYSTEM, asset.id, EncumbranceKind.PLEDGE, bank.organisation_id, date(2026, 1, 1), None, "P", NOW
    )


@pytest.mark.parametrize("mode", list(ListingMode))
def test_a_holder_offers_an_own_asset_in_every_mode(mode: ListingMode) -> None:
    listing = make_listing(mode=mode.value)
    assert listing.status is ListingStatus.PUBLISHED
    assert [version.number for version in versions_of(listing.id)] == [1]


def test_a_draft_exists_for_its_own_organisation_only() -> None:
    owner = make_actor()
    listing = make_listing(owner, published=False)
    assert visible_listing(owner, listing.id) is listing
    for stranger in (None, make_actor()):
        with pytest.raises(NotFound):
            visible_listing(stranger, listing.id)


def test_only_an_owner_may_offer() -> None:
    asset = make_owned_asset(make_actor())
    with pytest.raises(LegalRefusal) as refused:
        draft_listing(make_actor(), asset.id, {"mode": ListingMode.FIXED_PRICE} | TERMS[ListingMode.FIXED_PRICE], NOW)
    assert refused.value.rule.id == "ANY-OWN-01"


def test_an_unapproved_organisation_may_not_offer() -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    with pytest.raises(KycRequired):
        draft_listing(replace(owner, approved=False), asset.id, {"mode": ListingMode.FIXED_PRICE}, NOW)


def test_a_viewer_may_not_offer() -> None:
    organisation = make_organisation()
    asset = make_asset(organisation)
    with pytest.raises(NotAllowed):
        draft_listing(make_actor(organisation, Role.VIEWER), asset.id, {"mode": ListingMode.FIXED_PRICE}, NOW)


def test_publication_waits_for_all_five_due_diligence_answers() -> None:
    owner = make_actor()
    listing = make_listing(owner, published=False)
    answer_due_diligence(owner, listing.id, {**ANSWERS, "fees": ""}, NOW)
    with pytest.raises(DueDiligenceIncomplete) as refused:
        publish_listing(owner, listing.id, NOW)
    assert "Fees" in refused.value.detail and "Inventors" not in refused.value.detail


@pytest.mark.parametrize("status", [LegalStatus.LAPSED, LegalStatus.EXPIRED, LegalStatus.INVALIDATED])
def test_a_dead_right_is_not_offered(status: LegalStatus) -> None:
    owner = make_actor()
    with pytest.raises(LegalRefusal) as refused:
        make_listing(owner, asset=make_owned_asset(owner, status=status))
    assert refused.value.rule.id == "CN-STA-01"


def test_a_pledged_asset_is_not_offered_without_the_pledgees_recorded_consent() -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    bank, pledge = _pledge(asset)
    with pytest.raises(LegalRefusal) as refused:
        make_listing(owner, asset=asset)
    assert refused.value.rule.id == "CN-PLG-03"
    assert "444" in refused.value.detail
    record_consent(bank, pledge.id, "transfer", None, NOW)
    assert make_listing(owner, asset=asset).is_visible


def test_a_preserved_asset_is_not_offered() -> None:
    owner = make_actor()
    asset = make_owned_asset(owner)
    encumber(SYSTEM, asset.id, EncumbranceKind.PRESERVATION, None, date(2026, 11, 1), date(2027, 4, 1), "Court", NOW)
    with pytest.raises(LegalRefusal) as refused:
        make_listing(owner, asset=asset)
    assert refused.value.rule.id == "CN-PLG-10"


def test_an_exclusive_licence_of_a_co_owned_patent_needs_the_co_owner() -> None:
    owner, other = make_actor(), make_organisation()
    asset = make_asset()
    make_owners(asset, (find_organisation(owner.organisation_id), Fraction(1, 2)), (other, Fraction(1, 2)))
    with pytest.raises(LegalRefusal) as refused:
        make_listing(owner, "licence", asset=asset)
    assert refused.value.rule.id == "CN-TRF-03"
    assert make_listing(owner, "licence", asset=asset, exclusivity=Exclusivity.NON_EXCLUSIVE).is_visible


def test_one_sale_at_a_time() -> None:
    owner = make_actor()
    first = make_listing(owner)
    with pytest.raises(AlreadyListed):
        make_listing(owner, "auction", asset=course.find_asset(first.asset_id))


def test_the_database_keeps_a_second_live_sale_out(db: Any) -> None:
    owner = make_actor()
    first = make_listing(owner)
    second = make_listing(owner, published=False, asset=course.find_asset(first.asset_id))
    with pytest.raises(IntegrityError):
        db.execute(text("UPDATE listings SET status = 'published' WHERE id = :id"), {"id": second.id})


@pytest.mark.parametrize(
    ("mode", "terms", "field"),
    [
        ("fixed_price", {"price": None}, "price"),
        ("auction", {"closes_at": NOW}, "closes_at"),
        ("auction", {"opens_at": None}, "closes_at"),
        ("auction", {"reserve": Money(1_00, "CNY")}, "reserve"),
        ("auction", {"reserve": Money(9_000_000_00, "USD")}, "reserve"),
        ("auction", {"deposit": Money(200_000_01, "CNY")}, "deposit"),
        ("licence", {"fee_scheme": None}, "fee_scheme"),
        ("licence", {"royalty_bps": None}, "royalty_bps"),
        ("licence", {"price": None}, "price"),
        ("open_licence", {"exclusivity": Exclusivity.SOLE}, "exclusivity"),
    ],
)
def test_terms_that_contradict_themselves_name_their_field(mode: str, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        make_listing(mode=mode, published=False, **terms)
    assert field in refused.value.errors


@pytest.mark.parametrize(
    "terms",
    [
        {"price": Money(20_000_000_01, "CNY")},
        {"fee_scheme": FeeScheme.ROYALTY, "royalty_bps": 2001, "royalty_base": RoyaltyBase.NET_SALES},
        {"fee_scheme": FeeScheme.ROYALTY, "royalty_bps": 4001, "royalty_base": RoyaltyBase.PROFIT},
    ],
)
def test_an_open_licence_above_the_guidance_needs_a_reason(terms: dict[str, Any]) -> None:
    with pytest.raises(FeeAboveGuidance):
        make_listing(mode="open_licence", published=False, **terms)
    assert make_listing(mode="open_licence", published=False, ceiling_reason="Rare core patent", **terms)


def test_an_open_licence_at_the_guidance_needs_none() -> None:
    assert make_listing(mode="open_licence", published=False, price=Money(20_000_000_00, "CNY"))


def test_an_open_licence_of_a_utility_model_needs_an_evaluation_report() -> None:
    owner = make_actor()
    asset = make_owned_asset(owner, kind=AssetKind.UTILITY_MODEL)
    listing = make_listing(owner, "open_licence", published=False, asset=asset)
    answer_due_diligence(owner, listing.id, {**ANSWERS, "validity": "", "validity_not_available": True}, NOW)
    with pytest.raises(EvaluationReportMissing):
        publish_listing(owner, listing.id, NOW)


def test_an_unsaid_licence_kind_is_non_exclusive() -> None:
    assert make_listing(mode="licence", published=False, exclusivity=None).exclusivity is Exclusivity.NON_EXCLUSIVE


def test_every_change_of_a_published_listing_is_a_version_that_never_shows_the_reserve() -> None:
    owner = make_actor()
    listing = make_listing(owner, "auction")
    change_listing(owner, listing.id, {"summary": "With know-how", "reserve": Money(1_600_000_00, "CNY")}, NOW)
    newest, first = versions_of(listing.id)
    assert (newest.number, first.number) == (2, 1)
    assert newest.changes == {"summary": {"from": "", "to": "With know-how"}, "reserve": {}}
    assert "reserve" not in newest.terms and "1600000" not in str(newest.changes)


def test_a_change_that_changes_nothing_makes_no_version() -> None:
    owner = make_actor()
    listing = make_listing(owner)
    assert change_listing(owner, listing.id, {"summary": listing.summary}, NOW).version == 1


def test_the_mode_of_a_published_listing_stays() -> None:
    owner = make_actor()
    listing = make_listing(owner)
    with pytest.raises(ListingNotEditable):
        change_listing(owner, listing.id, {"mode": ListingMode.AUCTION, **TERMS[ListingMode.AUCTION]}, NOW)


def test_another_organisation_changes_nothing() -> None:
    listing = make_listing()
    stranger = make_actor()
    for act in (course.pause_listing, course.withdraw_listing, publish_listing):
        with pytest.raises(NotAllowed):
            act(stranger, listing.id, NOW)


def test_a_sale_is_reserved_once_then_closed() -> None:
    listing = make_listing()
    course.reserve_listing(SYSTEM, listing.id, NOW)
    with pytest.raises(course.ListingNotOpen):
        course.reserve_listing(SYSTEM, listing.id, NOW)
    course.close_listing(SYSTEM, listing.id, NOW)
    assert listing.status is ListingStatus.CLOSED and listing.ended_at == NOW


def test_a_reservation_weighs_the_register_again() -> None:
    owner = make_actor()
    listing = make_listing(owner)
    asset = course.find_asset(listing.asset_id)
    asset.status = LegalStatus.LAPSED
    with pytest.raises(LegalRefusal):
        course.reserve_listing(SYSTEM, listing.id, NOW)


def test_a_pledge_without_consent_takes_the_listing_off_the_market_and_the_holder_is_told() -> None:
    owner = make_actor()
    listing = make_listing(owner)
    _pledge(course.find_asset(listing.asset_id))
    assert listing.status is ListingStatus.SUSPENDED
    assert "444" in listing.status_reason
    assert [notice.kind for notice in notices_of(owner)] == ["listing_suspended"]


def test_the_operator_suspends_with_a_reason_others_may_not() -> None:
    listing = make_listing()
    with pytest.raises(NotAllowed):
        course.suspend_listing(make_actor(), listing.id, "x", NOW)
    course.suspend_listing(make_actor(kind="platform_operator"), listing.id, "Complaint", NOW)
    assert (listing.status, listing.status_reason) == (ListingStatus.SUSPENDED, "Complaint")


def test_a_suspended_listing_returns_once_the_title_is_clear() -> None:
    owner = make_actor()
    listing = make_listing(owner)
    course.suspend_listing(make_actor(kind="platform_operator"), listing.id, "Complaint", NOW)
    assert publish_listing(owner, listing.id, NOW + timedelta(days=1)).is_visible
    assert listing.published_at == NOW


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(list(ListingStatus)), max_size=8))
def test_a_status_moves_only_along_the_table(moves: list[ListingStatus]) -> None:
    listing = Listing(mode=ListingMode.FIXED_PRICE, status=ListingStatus.DRAFT)
    for wanted in moves:
        before = listing.status
        if LISTING_LIFECYCLE.allows(before, wanted):
            listing.become(wanted)
            assert listing.status is wanted
        else:
            with pytest.raises(WrongStatus):
                listing.become(wanted)
            assert listing.status is before


def test_an_offer_ends_with_the_last_day_of_its_right() -> None:
    owner = make_actor()
    ending = make_listing(owner, asset=make_owned_asset(owner, expires_on=NOW.date()))
    lasting = make_listing(owner)
    course.suspend_expired(NOW)
    assert ending.is_visible
    course.suspend_expired(NOW + timedelta(days=1))
    assert ending.status is ListingStatus.SUSPENDED and lasting.is_visible

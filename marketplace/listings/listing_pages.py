"""Listings as pages: the offer itself, the wizard, one's own listings, the versions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for

from marketplace.core.clock import now
from marketplace.core.errors import Malformed, NotFound, require
from marketplace.core.formats import show_money
from marketplace.core.http import current_actor, idempotent, needs, optional_actor, page_form, public, signed_in
from marketplace.core.i18n import _, _l
from marketplace.core.money import Money
from marketplace.identity.organisations import names_of
from marketplace.listings import course, labels, listings, policy
from marketplace.listings.blueprints import pages
from marketplace.listings.due_diligence import SLOT_TEXTS
from marketplace.listings.panels import listing_panels
from marketplace.listings.schemas import DueDiligenceForm, ListingForm, TermsForm
from marketplace.listings.terms import LOT_FORMATS, Exclusivity, FeeScheme, ListingMode, RoyaltyBase, lot_rules_of_form
from marketplace.listings.versions import versions_of
from marketplace.listings.watchlists import watches
from marketplace.registry.assets import Asset, find_asset
from marketplace.registry.ownership import assets_of, owns

BEIJING = ZoneInfo("Asia/Shanghai")


@pages.get("/listings/<uuid:listing_id>")
@public
def listing_page(listing_id: UUID) -> str:
    """One offer with its terms, due diligence and the box to bid or make an offer."""
    actor = optional_actor()
    listing = listings.visible_listing(actor, listing_id)
    return render_template(
        "listings/listing.html", listing=listing, asset=find_asset(listing.asset_id), labels=labels,
        terms=shown_terms(listing), slots=SLOT_TEXTS, manages=policy.may_manage(actor, listing),
        watched=watches(actor, listing.asset_id), panels=listing_panels.render(actor, listing),
        seller=names_of([listing.organisation_id]).get(listing.organisation_id, ""),
    )  # fmt: skip


def shown_terms(listing: listings.Listing) -> list[tuple[str, Any]]:
    """The terms as label and value; the reserve is never among them."""
    royalty = f"{listing.royalty_bps / 100:g} %" if listing.royalty_bps else None
    base = labels.words("royalty_base", listing.royalty_base) if listing.royalty_base else ""
    rows = [
        ("price", show_money(listing.price) if listing.price else None),
        ("deposit", show_money(listing.deposit) if listing.deposit else None),
        ("opens_at", _moment(listing.opens_at)),
        ("closes_at", _moment(listing.closes_at)),
        ("exclusivity", labels.words("licence", listing.exclusivity) if listing.exclusivity else None),
        ("fee_scheme", labels.words("fee_scheme", listing.fee_scheme) if listing.fee_scheme else None),
        ("royalty_bps", f"{royalty} {base}" if royalty else None),
        ("term_months", listing.term_months),
        ("territory", ", ".join(listing.territory)),
        ("fields_of_use", ", ".join(listing.fields_of_use)),
        ("financing_welcome", labels.words("financing", "yes") if listing.financing_welcome else None),
    ]
    return [(labels.words("term", name), value) for name, value in rows if value]


def _moment(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M} (UTC+8)" if instant else None


@pages.get("/listings/<uuid:listing_id>/versions")
@public
def versions_page(listing_id: UUID) -> str:
    """What changed from version to version."""
    listing = listings.visible_listing(optional_actor(), listing_id)
    return render_template(
        "listings/versions.html", listing=listing, asset=find_asset(listing.asset_id),
        versions=[(version, _changed_terms(version.changes)) for version in versions_of(listing.id)],
    )  # fmt: skip


def _changed_terms(changes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each changed term with what it was and is; of the rules of an auction only those that changed."""
    rows = []
    for name, change in changes.items():
        if name == "lot_rules":
            before, after = change.get("from") or {}, change.get("to") or {}
            changed = [rule for rule in {**before, **after} if before.get(rule) != after.get(rule)]
            rows += [
                (labels.words("lot_rule", rule), _shown_rule(rule, before), _shown_rule(rule, after))
                for rule in changed
            ]
        else:
            rows.append((labels.words("term", name), _shown_change(change, "from"), _shown_change(change, "to")))
    return rows


def _shown_rule(rule: str, rules: Mapping[str, Any]) -> str:
    value = rules.get(rule)
    if rule == "format":
        return labels.words("format", value or "english")
    if rule == "increments" and value:
        return "; ".join(
            _("below %(below)s: %(step)s", below=row["below"], step=row["step"]) if row["below"] else row["step"]
            for row in value
        )
    if rule == "priority_holders" and value:
        return ", ".join(str(holder["rank"]) for holder in value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "—" if value in (None, "", []) else str(value)


def _shown_change(change: Mapping[str, Any], side: str) -> str:
    value = change.get(side)
    if side not in change:
        return _("not shown")
    if isinstance(value, Mapping) and "amount" in value:
        return show_money(Money.parse(value["amount"], value["currency"]))
    return ", ".join(map(str, value)) if isinstance(value, list) else str("—" if value in (None, "") else value)


@pages.get("/listings/mine")
@needs("asset.manage")
def my_listings() -> str:
    """Every listing of the acting organisation."""
    rows = [(listing, find_asset(listing.asset_id)) for listing in listings.own_listings(current_actor())]
    return render_template("listings/mine.html", rows=rows, labels=labels)


@pages.get("/listings/new")
@needs("asset.manage")
def new_page() -> str:
    """First step: which asset, and how."""
    actor = current_actor()
    owned = assets_of(actor.organisation_id)[:500] if actor.organisation_id else []
    options = [(str(asset.id), f"{asset.title} · {asset.label}") for asset in owned]
    return render_template(
        "listings/new.html", assets=options, chosen=request.args.get("asset", ""), modes=_options("mode", ListingMode)
    )


@pages.get("/listings/terms")
@needs("asset.manage")
def terms_page() -> str:
    """Second step: the terms of the chosen mode."""
    asset, mode = _chosen()
    require(owns(current_actor().organisation_id, asset.id), NotFound())
    return _terms_form(asset, mode, None, {})


def _chosen() -> tuple[Asset, ListingMode]:
    try:
        return find_asset(UUID(request.args.get("asset", ""))), ListingMode(request.args.get("mode", ""))
    except ValueError as error:
        raise NotFound() from error


def _terms_form(asset: Asset, mode: ListingMode, listing: listings.Listing | None, values: dict[str, Any]) -> str:
    action = url_for("listings.change_terms", listing_id=listing.id) if listing else url_for("listings.draft_listing")
    return render_template(
        "listings/terms.html", asset=asset, mode=mode, listing=listing, values=values, action=action,
        exclusivities=_options("licence", Exclusivity), fee_schemes=_options("fee_scheme", FeeScheme),
        royalty_bases=_options("royalty_base", RoyaltyBase),
        formats=[(code, labels.words("format", code)) for code in LOT_FORMATS],
    )  # fmt: skip


def _options(group: str, codes: Any) -> list[tuple[str, str]]:
    return [(code.value, labels.words(group, code)) for code in codes]


@pages.post("/listings")
@needs("asset.manage")
@idempotent
def draft_listing() -> Any:
    """Keep the offer as a draft."""
    given = page_form(ListingForm)
    listing = listings.draft_listing(current_actor(), given.pop("asset_id"), _terms(given), now())
    flash(_("The draft is kept. Answer the due-diligence questions, then publish."), "good")
    return _to(listing)


@pages.get("/listings/<uuid:listing_id>/edit")
@needs("asset.manage")
def edit_page(listing_id: UUID) -> str:
    """The terms of an own listing as a form."""
    listing = listings.own_listing(current_actor(), listing_id)
    return _terms_form(find_asset(listing.asset_id), listing.mode, listing, _values(listing))


def _values(listing: listings.Listing) -> dict[str, Any]:
    """The terms as they are typed."""
    values: dict[str, Any] = {name: getattr(value, "value", value) for name, value in listing.terms.items()}
    for name in ("price", "reserve", "deposit"):
        values[name] = values[name].format() if values[name] else ""
    for name in ("opens_at", "closes_at"):
        values[name] = f"{values[name].astimezone(BEIJING):%Y-%m-%dT%H:%M}" if values[name] else ""
    values |= _lot_values(listing.lot_rules)
    values["royalty_percent"] = f"{listing.royalty_bps / 100:g}" if listing.royalty_bps else ""
    values["territory"], values["fields_of_use"] = ", ".join(listing.territory), ", ".join(listing.fields_of_use)
    return {name: "" if value is None else value for name, value in values.items()}


def _lot_values(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of the auction as they are typed."""
    steps, bps, seconds = rules.get("increments") or [], rules.get("step_bps"), rules.get("step_seconds")
    return {
        **{name: rules.get(name) for name in ("format", "buy_now", "reserve_public", "proxy", "floor")},
        "bid_step": steps[0]["step"] if len(steps) == 1 else None,
        "fall_percent": None if bps is None else f"{bps / 100:g}",
        "fall_minutes": None if seconds is None else seconds // 60,
    }


@pages.post("/listings/<uuid:listing_id>/terms")
@needs("asset.manage")
@idempotent
def change_terms(listing_id: UUID) -> Any:
    """Change the terms of an own listing."""
    listing = listings.change_listing(current_actor(), listing_id, _terms(page_form(TermsForm)), now())
    flash(_("The terms are kept as version %(number)s.", number=listing.version), "good")
    return _to(listing)


def _terms(given: dict[str, Any]) -> dict[str, Any]:
    """What was typed, in the form the rules know."""
    terms = dict(given)
    terms["lot_rules"] = lot_rules_of_form(terms)
    for name in ("opens_at", "closes_at"):
        if terms.get(name) is not None:
            terms[name] = terms[name].replace(tzinfo=BEIJING).astimezone(UTC)
    percent = terms.pop("royalty_percent", None)
    if percent is not None and (percent * 100) % 1:
        raise Malformed("royalty_percent", _l("Write the rate with at most two decimals."))
    terms["royalty_bps"] = None if percent is None else int(percent * 100)
    for name in ("territory", "fields_of_use"):
        text = (terms.pop(name, "") or "").replace("，", ",").replace("、", ",")
        terms[name] = [part.strip() for part in text.split(",") if part.strip()]
    return terms


@pages.post("/listings/<uuid:listing_id>/due-diligence")
@needs("asset.manage")
@idempotent
def answer_due_diligence(listing_id: UUID) -> Any:
    """Keep the answers to the five questions."""
    listing = listings.answer_due_diligence(current_actor(), listing_id, page_form(DueDiligenceForm), now())
    flash(_("The answers are kept."), "good")
    return _to(listing)


@pages.post("/listings/<uuid:listing_id>/publish")
@signed_in
@idempotent
def publish_listing(listing_id: UUID) -> Any:
    """Show the listing to everybody, after the title check."""
    listing = listings.publish_listing(current_actor(), listing_id, now())
    flash(_("The listing is published. Everybody can find it now."), "good")
    return _to(listing)


@pages.post("/listings/<uuid:listing_id>/pause")
@signed_in
@idempotent
def pause_listing(listing_id: UUID) -> Any:
    """Hide the listing for a while."""
    return _to(course.pause_listing(current_actor(), listing_id, now()))


@pages.post("/listings/<uuid:listing_id>/withdraw")
@signed_in
@idempotent
def withdraw_listing(listing_id: UUID) -> Any:
    """Take the listing back for good."""
    return _to(course.withdraw_listing(current_actor(), listing_id, now()))


def _to(listing: listings.Listing) -> Any:
    return redirect(url_for("listings.listing_page", listing_id=listing.id), code=303)

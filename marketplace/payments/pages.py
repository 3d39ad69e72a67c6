"""The pages of payments: paying, confirming, letting money go, and Stripe's webhook."""

from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.formats import show_money
from marketplace.core.http import (
    Waiting,
    current_actor,
    dashboard_provider,
    idempotent,
    needs,
    page_form,
    public,
    signed_in,
)
from marketplace.core.i18n import _
from marketplace.identity.organisations import names_of
from marketplace.payments import (
    bank_pages,
    collections,
    disputes,
    invoice_pages,
    payouts,
    stripe_gateway,
    stripe_webhooks,
)
from marketplace.payments.blueprints import pages
from marketplace.payments.schemas import MethodIn, NothingIn, TransferForm

__all__ = ["bank_pages", "invoice_pages", "pages"]


@pages.get("/payments/<uuid:collection_id>")
@signed_in
def pay(collection_id: UUID) -> str:
    """What is to be paid, how, and whether it has arrived."""
    collection = collections.find_collection(current_actor(), collection_id)
    return render_template(
        "payments/pay.html",
        collection=collection,
        cards=stripe_gateway.cards_are_on(),
        account=current_app.extensions["settings"].bank_account,
    )


@pages.post("/payments/<uuid:collection_id>/method")
@needs("money.pay")
@idempotent
def choose_method(collection_id: UUID) -> Response:
    """Choose card or bank transfer."""
    collections.choose_method(current_actor(), collection_id, page_form(MethodIn)["method"], now())
    return redirect(url_for("payments.pay", collection_id=collection_id), 303)


@pages.get("/payments")
@signed_in
def my_payments() -> str:
    """Everything my organisation was asked to pay."""
    page = collections.collections_of(current_actor(), request.args.get("after"), 50)
    return render_template("payments/list.html", page=page)


@pages.get("/payments/confirmations")
@needs("money.confirm")
def confirmations() -> str:
    """Transfers that wait for somebody to find them on the bank statement."""
    waiting = collections.awaiting_transfers()
    names = names_of(one.payer_id for one in waiting)
    return render_template("payments/confirmations.html", waiting=waiting, names=names)


@pages.post("/payments/<uuid:collection_id>/confirmation")
@needs("money.confirm")
@idempotent
def confirm_transfer(collection_id: UUID) -> Response:
    """Confirm that a transfer arrived."""
    line = page_form(TransferForm)
    collections.confirm_typed_transfer(current_actor(), collection_id, line["bank_reference"], line["amount"], now())
    flash(_("The payment is booked."), "good")
    return redirect(url_for("payments.confirmations"), 303)


@pages.get("/payments/disputes")
@needs("money.confirm")
def disputed_payments() -> str:
    """Card payments whose payer asked the card's bank for the money back."""
    rows = disputes.disputes(current_actor())
    return render_template("payments/disputes.html", rows=rows, names=names_of(one.payer_id for _dispute, one in rows))


@pages.get("/payouts")
@needs("money.approve")
def waiting_payouts() -> str:
    """Money that waits for a second person before it leaves."""
    waiting = payouts.waiting_for(current_actor())
    return render_template("payments/payouts.html", waiting=waiting, names=names_of(one.payee_id for one in waiting))


@pages.post("/payouts/<uuid:payout_id>/approval")
@needs("money.approve")
@idempotent
def approve_payout(payout_id: UUID) -> Response:
    """Let the money go, as the second person."""
    page_form(NothingIn)
    payouts.approve_payout(current_actor(), payout_id, now())
    flash(_("The money has left."), "good")
    return redirect(url_for("payments.waiting_payouts"), 303)


@pages.post("/payouts/<uuid:payout_id>/rejection")
@needs("money.approve")
@idempotent
def reject_payout(payout_id: UUID) -> Response:
    """Keep the money where it is."""
    page_form(NothingIn)
    payouts.reject_payout(current_actor(), payout_id, now())
    flash(_("The money stays."), "info")
    return redirect(url_for("payments.waiting_payouts"), 303)


@pages.post("/webhooks/stripe")
@public
def stripe_webhook() -> dict[str, bool]:
    """Take one signed event of Stripe's: verified on the raw body, stored, applied by a job."""
    new = stripe_webhooks.receive_event(request.get_data(), request.headers.get("Stripe-Signature"), now())
    return {"received": True, "duplicate": not new}


stripe_webhook.__dict__["csrf_exempt"] = True


@dashboard_provider
def waiting(actor: Actor, _now: object) -> list[Waiting]:
    """Payments and payouts that wait for the reader."""
    found = [
        Waiting(_("Pay %(amount)s", amount=show_money(one.amount)), url_for("payments.pay", collection_id=one.id))
        for one in collections.open_collections(actor)
    ]
    if actor.may("money.confirm") and (count := len(collections.awaiting_transfers())):
        found.append(Waiting(_("Transfers to confirm: %(count)s", count=count), url_for("payments.confirmations")))
    if actor.may("money.approve") and (count := len(payouts.waiting_for(actor))):
        found.append(Waiting(_("Payouts to approve: %(count)s", count=count), url_for("payments.waiting_payouts")))
    return found

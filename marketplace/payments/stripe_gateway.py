"""The one place that talks to Stripe: card pages, refunds, and the truth about a payment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import current_app

from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.settings import Settings

if TYPE_CHECKING:
    import stripe

TOLERANCE_SECONDS = 300


class CardPaymentsOff(Refused):
    """The marketplace was started without Stripe's secrets."""

    message = _l("Card payment is switched off here. Pay by bank transfer; everything else works.")


@dataclass(frozen=True)
class CardPage:
    """Where the payer enters the card: a page of Stripe's, never ours."""

    session_id: str
    url: str


@dataclass(frozen=True)
class IntentFacts:
    """What Stripe says about a payment now."""

    intent_id: str
    status: str
    received: Money
    collection_id: str | None
    failure: str | None


def cards_are_on() -> bool:
    """Whether cards can be taken: both the key and the webhook secret are set."""
    settings = _settings()
    return bool(settings.stripe_secret_key and settings.stripe_webhook_secret)


def require_cards() -> None:
    """Go on only when cards can be taken."""
    require(cards_are_on(), CardPaymentsOff())


def open_card_page(collection_id: UUID, amount: Money, description: str) -> CardPage:
    """Ask Stripe for a payment page; our row id is the idempotency key, so a repeat gives the same page."""
    back = f"{_settings().public_url}/payments/{collection_id}"
    tag = {"collection_id": str(collection_id)}
    made = _client().v1.checkout.sessions.create(
        params={
            "mode": "payment",
            "client_reference_id": str(collection_id),
            "metadata": tag,
            "payment_intent_data": {"metadata": tag},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": amount.currency.lower(),
                        "unit_amount": amount.amount_minor,
                        "product_data": {"name": description},
                    },
                }
            ],
            "success_url": back,
            "cancel_url": back,
        },
        options={"idempotency_key": f"collection-{collection_id}"},
    )
    return CardPage(made.id, made.url or "")


def intent_facts(intent_id: str) -> IntentFacts:
    """Ask Stripe for the payment as it is now, so that the order of events does not matter."""
    intent = _client().v1.payment_intents.retrieve(intent_id).to_dict()
    error: dict[str, Any] = intent.get("last_payment_error") or {}
    return IntentFacts(
        intent_id=intent["id"],
        status=intent["status"],
        received=Money(int(intent.get("amount_received") or 0), str(intent["currency"]).upper()),
        collection_id=(intent.get("metadata") or {}).get("collection_id"),
        failure=error.get("message") or error.get("code"),
    )


@dataclass(frozen=True)
class DisputeFacts:
    """What Stripe knows of a dispute now."""

    dispute_id: str
    intent_id: str
    amount: Money
    reason: str
    status: str

    @property
    def outcome(self) -> str:
        """Open until the card's bank has decided; a closed inquiry went well for us."""
        return {"won": "won", "warning_closed": "won", "lost": "lost"}.get(self.status, "open")

    @property
    def withdrawn(self) -> bool:
        """Whether Stripe took the money off the balance; an inquiry (a status of warning) does not."""
        return not self.status.startswith("warning_")


def dispute_facts(dispute_id: str) -> DisputeFacts:
    """Ask Stripe for the dispute as it is now, so that the order of events does not matter."""
    found = _client().v1.disputes.retrieve(dispute_id).to_dict()
    amount = Money(int(found["amount"]), str(found["currency"]).upper())
    intent = str(found.get("payment_intent") or "")
    return DisputeFacts(found["id"], intent, amount, str(found.get("reason") or ""), found["status"])


def refund_card(refund_id: UUID, intent_id: str, amount: Money) -> str:
    """Give card money back; our row id is the idempotency key."""
    made = _client().v1.refunds.create(
        params={
            "payment_intent": intent_id,
            "amount": amount.amount_minor,
            "metadata": {"refund_id": str(refund_id)},
        },
        options={"idempotency_key": f"refund-{refund_id}"},
    )
    return made.id


def webhook_secret() -> str:
    """The secret that signs webhooks; without it none is taken."""
    require_cards()
    return _settings().stripe_webhook_secret or ""


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _client() -> "stripe.StripeClient":
    import stripe  # loads only where Stripe is asked

    require_cards()
    settings = _settings()
    addresses: Any = {"api": settings.stripe_api_base} if settings.stripe_api_base else None
    return stripe.StripeClient(settings.stripe_secret_key or "", base_addresses=addresses, max_network_retries=2)

"""A stand-in for the Stripe endpoints the marketplace uses, for the demo and the tests; never for production.

It keeps intents, card pages, refunds and disputes, honours Idempotency-Key as Stripe does, lets the decline card fail,
and sends signed events to a sink. ``python -m demo.stripe_double PORT SINK_URL SECRET`` serves it on the loopback.
"""

import hashlib
import hmac
import json
import re
import secrets
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from flask import Flask, Response, jsonify, request

DECLINED = "pm_card_chargeDeclined"
Sink = Callable[[bytes, str], None]


class Refusal(Exception):
    """An error answer in Stripe's form."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "message": message, **more}}


class StripeDouble:
    """Everything the stand-in remembers."""

    def __init__(self, secret: str, sink: Sink | None = None) -> None:
        self.secret, self.sink = secret, sink
        self.objects: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, tuple[str, bytes, int]] = {}
        self.sent: list[bytes] = []

    def make(self, kind: str, prefix: str, **fields: Any) -> dict[str, Any]:
        """A new object of Stripe's."""
        identity = f"{prefix}_{secrets.token_hex(8)}"
        self.objects[identity] = {
            "id": identity, "object": kind, "created": int(time.time()), "livemode": False, **fields,
        }  # fmt: skip
        return self.objects[identity]

    def find(self, identity: str, kind: str) -> dict[str, Any]:
        """An object, or Stripe's 404."""
        found = self.objects.get(identity)
        if found is None or found["object"] != kind:
            raise Refusal(404, "invalid_request_error", f"No such {kind}: '{identity}'", code="resource_missing")
        return found

    def emit(self, kind: str, thing: dict[str, Any]) -> bytes:
        """Send a signed event about the thing; answers its body."""
        event = self.make(
            "event", "evt", type=kind, api_version="2026-10-28", pending_webhooks=1, request=None,
            data={"object": json.loads(json.dumps(thing))},
        )  # fmt: skip
        body = json.dumps(event).encode()
        self.sent.append(body)
        if self.sink:
            self.sink(body, signature(body, self.secret))
        return body

    def confirm(self, intent: dict[str, Any], payment_method: str) -> dict[str, Any]:
        """Charge the card: it succeeds unless it is the decline card."""
        if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            raise Refusal(
                400, "invalid_request_error", f"This PaymentIntent has a status of {intent['status']}.",
                code="payment_intent_unexpected_state",
            )  # fmt: skip
        if payment_method == DECLINED:
            error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
            intent["last_payment_error"] = error
            self.emit("payment_intent.payment_failed", intent)
            raise Refusal(402, "card_error", "Your card was declined.", code="card_declined", payment_intent=intent)
        charge = self.make(
            "charge", "ch", amount=intent["amount"], amount_captured=intent["amount"], amount_refunded=0,
            captured=True, currency=intent["currency"], paid=True, refunded=False, disputed=False, status="succeeded",
            payment_intent=intent["id"], metadata={},
        )  # fmt: skip
        intent.update(
            status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"], last_payment_error=None
        )
        self.emit("payment_intent.succeeded", intent)
        return intent

    def refund(self, intent: dict[str, Any], amount: int | None, metadata: Any) -> dict[str, Any]:
        """Give money of a succeeded payment back, never more than is left."""
        charge = self.objects.get(intent.get("latest_charge") or "")
        if charge is None:
            raise Refusal(400, "invalid_request_error", "This PaymentIntent has no successful charge to refund.")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = left if amount is None else amount
        if not 0 < amount <= left:
            raise Refusal(
                400, "invalid_request_error", "Refund amount is greater than unrefunded amount on charge",
                code="charge_already_refunded",
            )  # fmt: skip
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        made = self.make(
            "refund", "re", amount=amount, currency=charge["currency"], charge=charge["id"],
            payment_intent=intent["id"], status="succeeded", metadata=metadata or {},
        )  # fmt: skip
        self.emit("charge.refunded", charge)
        return made

    def decide(self, dispute_id: str, status: str) -> dict[str, Any]:
        """The card's bank decides a dispute: won or lost."""
        made = self.find(dispute_id, "dispute")
        made["status"] = status
        self.emit("charge.dispute.closed", made)
        return made

    def dispute(self, intent_id: str, status: str = "needs_response") -> dict[str, Any]:
        """The card's owner disputes the payment; a status of warning is only an inquiry."""
        intent = self.find(intent_id, "payment_intent")
        made = self.make(
            "dispute", "dp", amount=intent["amount_received"], currency=intent["currency"],
            charge=intent["latest_charge"], payment_intent=intent["id"], reason="fraudulent", status=status,
        )  # fmt: skip
        self.emit("charge.dispute.created", made)
        return made

    def new_intent(self, amount: int, currency: str, metadata: Any) -> dict[str, Any]:
        """A payment that waits for its card."""
        if amount < 1:
            raise Refusal(400, "invalid_request_error", "Invalid positive integer", param="amount")
        intent = self.make(
            "payment_intent", "pi", amount=amount, amount_capturable=0, amount_received=0, currency=currency,
            status="requires_payment_method", capture_method="automatic", confirmation_method="automatic",
            metadata=metadata or {}, payment_method_types=["card"], latest_charge=None, last_payment_error=None,
            client_secret="cs_" + secrets.token_hex(8),
        )  # fmt: skip
        self.emit("payment_intent.created", intent)
        return intent


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    """The Stripe-Signature header of a body."""
    at = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def nested(form: Mapping[str, str]) -> dict[str, Any]:
    """``a[b][c]=1`` as nested dictionaries."""
    out: dict[str, Any] = {}
    for name, value in form.items():
        first, *rest = re.findall(r"[^\[\]]+", name)
        level = out
        for key in [first, *rest][:-1]:
            level = level.setdefault(key, {})
        level[[first, *rest][-1]] = value
    return out


def create_double(secret: str, sink: Sink | None = None) -> Flask:
    """The stand-in as a WSGI application; ``app.double`` is its memory."""
    app = Flask("stripe_double")
    double = StripeDouble(secret, sink)
    app.double = double  # type: ignore[attr-defined]  # for the tests to look into
    app.register_error_handler(Refusal, lambda refusal: (jsonify(refusal.body), refusal.status))
    _remember(app, double)

    @app.post("/v1/checkout/sessions")
    def open_session() -> Any:
        form = nested(request.form)
        line = form["line_items"]["0"]
        price = line["price_data"]
        metadata = form.get("payment_intent_data", {}).get("metadata")
        total = int(price["unit_amount"]) * int(line.get("quantity", 1))
        intent = double.new_intent(total, price["currency"], metadata)
        session = double.make(
            "checkout.session", "cs", mode="payment", status="open", payment_status="unpaid", amount_total=total,
            currency=price["currency"], payment_intent=intent["id"], metadata=form.get("metadata", {}),
            client_reference_id=form.get("client_reference_id"), success_url=form["success_url"],
            cancel_url=form.get("cancel_url"),
        )  # fmt: skip
        session["url"] = f"{request.host_url}pay/{session['id']}"
        return jsonify(session)

    @app.post("/v1/payment_intents")
    def open_intent() -> Any:
        form = nested(request.form)
        intent = double.new_intent(int(form["amount"]), form["currency"], form.get("metadata"))
        if form.get("confirm") == "true":
            double.confirm(intent, form.get("payment_method", "pm_card_visa"))
        return jsonify(intent)

    @app.post("/v1/payment_intents/<identity>/confirm")
    def confirm(identity: str) -> Any:
        method = request.form.get("payment_method", "pm_card_visa")
        return jsonify(double.confirm(double.find(identity, "payment_intent"), method))

    @app.get("/v1/payment_intents/<identity>")
    def intent(identity: str) -> Any:
        return jsonify(double.find(identity, "payment_intent"))

    @app.get("/v1/disputes/<identity>")
    def dispute(identity: str) -> Any:
        return jsonify(double.find(identity, "dispute"))

    @app.post("/v1/refunds")
    def refund() -> Any:
        form = nested(request.form)
        amount = int(form["amount"]) if "amount" in form else None
        return jsonify(
            double.refund(double.find(form["payment_intent"], "payment_intent"), amount, form.get("metadata"))
        )

    @app.get("/pay/<identity>")
    def card_page(identity: str) -> str:
        double.find(identity, "checkout.session")
        return (
            "<!doctype html><html lang=en><title>Card</title><h1>Card payment (stand-in)</h1><form method=post>"
            "<label>Card <select name=payment_method><option value=pm_card_visa>4242 4242 4242 4242"
            f"<option value={DECLINED}>4000 0000 0000 0002</select></label><button>Pay</button></form>"
        )

    @app.post("/pay/<identity>")
    def pay(identity: str) -> Any:
        session = double.find(identity, "checkout.session")
        method = request.form.get("payment_method", "pm_card_visa")
        double.confirm(double.find(session["payment_intent"], "payment_intent"), method)
        session.update(status="complete", payment_status="paid")
        double.emit("checkout.session.completed", session)
        return Response(status=303, headers={"Location": session["success_url"]})

    return app


def _remember(app: Flask, double: StripeDouble) -> None:
    """Stripe's idempotency: the same key answers the first answer, with other parameters it is refused."""

    @app.before_request
    def repeat() -> Any:
        key = request.headers.get("Idempotency-Key")
        content = hashlib.sha256(request.path.encode() + request.get_data(cache=True)).hexdigest()
        if request.method == "POST" and key in double.answers:
            known, body, status = double.answers[key]
            if known != content:
                raise Refusal(
                    400, "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                )  # fmt: skip
            headers = {"Content-Type": "application/json", "Idempotent-Replayed": "true"}
            return Response(body, status, headers)
        return None

    @app.after_request
    def keep(response: Response) -> Response:
        key = request.headers.get("Idempotency-Key")
        if request.method == "POST" and key and response.status_code < 500 and key not in double.answers:
            content = hashlib.sha256(request.path.encode() + request.get_data(cache=True)).hexdigest()
            double.answers[key] = (content, response.get_data(), response.status_code)
        response.headers["Request-Id"] = "req_" + secrets.token_hex(7)
        return response


def post_to(url: str) -> Sink:
    """A sink that posts each event to an address, as Stripe does."""

    def send(body: bytes, header: str) -> None:
        headers = {"Content-Type": "application/json", "Stripe-Signature": header}
        asked = urllib.request.Request(url, data=body, headers=headers)
        try:
            urllib.request.urlopen(asked, timeout=10).close()
        except OSError as fault:
            sys.stderr.write(f"event not taken: {fault}\n")

    return send


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the demo prints its own steps."""


def main(port: str, sink: str, secret: str) -> None:
    """Serve the stand-in on the loopback until stopped."""
    make_server("127.0.0.1", int(port), create_double(secret, post_to(sink)), handler_class=_Quiet).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:4])

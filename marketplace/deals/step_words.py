"""The words of the closing checklist and of deal statuses."""

from marketplace.core.i18n import _l

STEP_NAMES = {
    "pledgee_payoff": _l("Pledgee states what is outstanding"),
    "co_owner_consent": _l("Consent of all co-owners"),
    "export_certificate": _l("Technology export certificate"),
    "licences_disclosed": _l("Live licences disclosed to the buyer"),
    "fees_paid": _l("Proof that annuities are paid"),
    "title_extract": _l("Extract of the patent register"),
    "similar_marks": _l("Similar marks are transferred together"),
    "inventor_reward": _l("Inventors' share of the income (at least 50 % for institutions)"),
    "price_publicity": _l("Record of publishing the name and price inside the institution"),
    "inventor_preemption": _l("Inventors' answer to their right of first refusal"),
}
STEP_REASONS = {
    "pledgee_payoff": _l("Civil Code art. 444: the proceeds first prepay the secured debt."),
    "co_owner_consent": _l("Patent Law art. 14: disposal of a co-owned right needs all owners."),
    "export_certificate": _l(
        "Technology import and export regulations: the office records no transfer abroad without it."
    ),
    "licences_disclosed": _l("A transfer does not end licences granted before it."),
    "fees_paid": _l("The office records nothing while fees are due."),
    "title_extract": _l("It proves that the seller is the owner on the register."),
    "similar_marks": _l("Trademark Law: otherwise the office treats the application as abandoned."),
    "inventor_reward": _l(
        "Law on promoting the transformation of scientific achievements: part of the net income is theirs."
    ),
    "price_publicity": _l(
        "Law on promoting the transformation of scientific achievements, art. 18: a price agreed rather than bid is"
        " published inside the institution."
    ),
    "inventor_preemption": _l(
        "Civil Code art. 847: whoever completed a job technology may take it at equal terms when it is transferred."
    ),
}
PARTY_NAMES = {"seller": _l("Seller"), "buyer": _l("Buyer"), "pledgee": _l("Pledgee")}
STATUS_NAMES = {
    "signing": _l("Signing"),
    "awaiting_funds": _l("Awaiting payment"),
    "funds_held": _l("Price held"),
    "recordal_filed": _l("Recordal filed"),
    "recordal_proven": _l("Recordal proven"),
    "released": _l("Closed, money released"),
    "refunding": _l("Refund under way"),
    "refunded": _l("Refunded"),
    "cancelled": _l("Cancelled"),
}
STATUS_KINDS = {
    "signing": "wait", "awaiting_funds": "wait", "funds_held": "wait", "recordal_filed": "wait",
    "recordal_proven": "wait", "released": "good", "refunding": "stop", "refunded": "stop", "cancelled": "stop",
}  # fmt: skip
NEGOTIATION_NAMES = {
    "open": _l("Under negotiation"),
    "accepted": _l("Agreed"),
    "rejected": _l("Rejected"),
    "withdrawn": _l("Offer withdrawn"),
    "expired": _l("Offer expired"),
}
NEGOTIATION_KINDS = {"open": "wait", "accepted": "good", "rejected": "stop", "withdrawn": "stop", "expired": "stop"}
OFFER_NAMES = {
    "live": _l("On the table"),
    "superseded": _l("Superseded"),
    "accepted": _l("Accepted"),
    "rejected": _l("Rejected"),
    "withdrawn": _l("Withdrawn"),
    "expired": _l("Expired"),
}
LINE_NAMES = {
    "pledgee": _l("Pledgee, paid first"),
    "platform_fee": _l("Platform fee"),
    "inventors": _l("Inventors' share"),
    "seller": _l("Seller"),
}
REQUEST_NAMES = {
    "open": _l("Quotes coming in"),
    "best_and_final": _l("Best and final round"),
    "deciding": _l("To be decided"),
    "awarded": _l("Awarded"),
    "cancelled": _l("Given up"),
    "expired": _l("Expired"),
}
REQUEST_KINDS = {
    "open": "wait", "best_and_final": "wait", "deciding": "wait", "awarded": "good", "cancelled": "stop",
    "expired": "stop",
}  # fmt: skip
SEAT_NAMES = {
    "invited": _l("Asked"),
    "quoted": _l("Quoted"),
    "declined": _l("Declined"),
    "withdrawn": _l("Quote withdrawn"),
    "chosen": _l("Chosen"),
    "not_chosen": _l("Not chosen"),
}

SALE_ROUNDS = {"first": _l("First auction"), "second": _l("Second auction"), "private": _l("Sale at a price")}
SALE_NAMES = {
    "planned": _l("In preparation"), "noticed": _l("Announced"), "sold": _l("Sold"), "unsold": _l("Unsold"),
    "cancelled": _l("Given up"),
}  # fmt: skip
CROSS_NAMES = {
    "proposed": _l("Proposed"), "signing": _l("Being signed"), "in_force": _l("In force, to be recorded"),
    "recorded": _l("In force and recorded"), "declined": _l("Declined"), "withdrawn": _l("Withdrawn"),
    "lapsed": _l("Lapsed"),
}  # fmt: skip
CROSS_KINDS = {
    "proposed": "wait", "signing": "wait", "in_force": "good", "recorded": "good", "declined": "stop",
    "withdrawn": "stop", "lapsed": "stop",
}  # fmt: skip
SALE_KINDS = {"planned": "wait", "noticed": "good", "sold": "info", "unsold": "stop", "cancelled": "stop"}

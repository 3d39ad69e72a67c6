"""The pledgee's consent to a sale or licence of a pledged right: asked for, agreed by the bank, until when, for how much.

Civil Code art. 444: after a pledge is registered the right is transferred or licensed only with the pledgee's consent,
and the proceeds prepay the debt. What stands here is also recorded in the register, which is what every rule looks at.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.terms import DealKind
from marketplace.documents.files import show_file, store_file
from marketplace.financing import policy
from marketplace.financing.loans import find_loan
from marketplace.financing.pledges import Pledge, PledgeStatus, pledge_for_lender, pledge_for_party
from marketplace.identity.four_eyes import needs_second_person, require_another_person
from marketplace.identity.sign_in import require_fresh
from marketplace.registry.assets import find_asset
from marketplace.registry.consents import record_consent, withdraw_consent


class NotPledgedNow(Refused):
    """Only a registered pledge needs consent."""

    message = _l("This right is not pledged now; no consent is needed.")


class ConsentAskedAlready(Refused):
    """One request at a time."""

    message = _l("The bank has this request already.")


class AnswerNotPrepared(Refused):
    """The second person agrees to terms, and there are none yet."""

    message = _l("Nobody has prepared the terms of this consent yet.")


class ConsentReliedOn(Refused):
    """A buyer has paid on the strength of this consent."""

    message = _l("A buyer's money is held for a deal that rests on this consent; it can no longer be withdrawn.")


class SaleAct(StrEnum):
    """To what a pledgee agrees."""

    TRANSFER = "transfer"
    LICENCE = "licence"
    OPEN_LICENCE = "open_licence"


class ConsentStatus(StrEnum):
    """How far a consent has come; it permits only while given and until its last day."""

    ASKED = "asked"
    PREPARED = "prepared"
    GIVEN = "given"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


C = ConsentStatus
CONSENT_LIFECYCLE = Lifecycle(
    "sale consent",
    {
        C.ASKED: {C.PREPARED, C.GIVEN, C.DECLINED},
        C.PREPARED: {C.GIVEN, C.DECLINED},
        C.GIVEN: {C.WITHDRAWN},
        C.DECLINED: set(),
        C.WITHDRAWN: set(),
    },
)


class SaleConsent(Model):
    """One request for, and answer of, the pledgee."""

    __tablename__ = "sale_consents"
    __table_args__ = (
        CheckConstraint("(status IN ('given', 'withdrawn')) = (consent_id IS NOT NULL)", "given_stands_in_register"),
        CheckConstraint("status IN ('asked', 'declined') OR expires_on IS NOT NULL", "given_until_a_day"),
        CheckConstraint("minimum_minor IS NULL OR minimum_minor > 0", "minimum_positive"),
        Index(
            "uq_sale_consents_one_open", "pledge_id", "act", unique=True,
            postgresql_where=text("status IN ('asked', 'prepared')"),
        ),
    )  # fmt: skip

    pledge_id: Mapped[UUID] = mapped_column(ForeignKey("pledges.id"), index=True)
    act: Mapped[SaleAct]
    status: Mapped[ConsentStatus] = mapped_column(default=ConsentStatus.ASKED)
    minimum: Mapped[Money | None] = money_columns("minimum", optional=True)
    conditions: Mapped[str] = mapped_column(String(1000), default="")
    expires_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(500), default="")
    asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    prepared_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(String(500), default="")
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    consent_id: Mapped[UUID | None] = mapped_column(ForeignKey("consents.id"))

    def become(self, status: ConsentStatus) -> None:
        """Move to the next status of the table."""
        self.status = CONSENT_LIFECYCLE.check(self.status, status)

    def stands_on(self, on: date) -> bool:
        """Whether it permits the act that day."""
        return self.status is ConsentStatus.GIVEN and self.expires_on is not None and on <= self.expires_on

    def allows(self, price: Money | None) -> bool:
        """Whether a price is not below what the bank asked for."""
        if self.minimum is None:
            return True
        return price is not None and price.currency == self.minimum.currency and price >= self.minimum


@dataclass(frozen=True)
class ConsentMoved(Fact):
    """A request for consent was made, prepared, given, declined or withdrawn."""

    consent_id: UUID
    pledge_id: UUID
    status: str


@dataclass(frozen=True, kw_only=True)
class ConsentTerms:
    """To what the bank agrees: the act, at which price or fee at least, until when, on which conditions."""

    act: SaleAct
    expires_on: date
    minimum: Money | None = None
    conditions: str = ""


def ask_consent(actor: Actor, pledge_id: UUID, act: SaleAct, reason: str, now: datetime) -> SaleConsent:
    """The holder asks its bank to agree to a sale or licence of the pledged right."""
    pledge = pledge_for_party(actor, pledge_id, lock=True)
    require(actor.organisation_id == pledge.pledgor_id, policy.WrongActor())
    require(actor.may("asset.manage"))
    require(pledge.status is PledgeStatus.REGISTERED, NotPledgedNow())
    require(_open(pledge.id, act) is None, ConsentAskedAlready())
    consent = SaleConsent(pledge_id=pledge.id, act=act, reason=reason, asked_by=actor.person_id)
    session.add(consent)
    session.flush()
    announce(actor, now, ConsentMoved(consent.id, pledge.id, consent.status.value))
    return consent


def agree_to_sale(actor: Actor, pledge_id: UUID, terms: ConsentTerms, now: datetime) -> SaleConsent:
    """The bank agrees; when the debt is above its limit a second person must agree before it counts."""
    pledge = pledge_for_lender(actor, pledge_id)
    require_fresh(actor, now)
    require(pledge.status is PledgeStatus.REGISTERED, NotPledgedNow())
    if terms.expires_on < now.date():
        raise Malformed("expires_on", _l("The consent ends today at the earliest."))
    if terms.minimum is not None and terms.minimum.currency != find_loan(pledge.loan_id).currency:
        raise Malformed("minimum", _l("The price must be in the currency of the loan."))
    consent = _open(pledge.id, terms.act) or SaleConsent(pledge_id=pledge.id, act=terms.act)
    consent.minimum, consent.conditions, consent.expires_on = terms.minimum, terms.conditions, terms.expires_on
    consent.prepared_by = actor.person_id
    session.add(consent)
    session.flush()
    if needs_second_person(pledge.lender_id, find_loan(pledge.loan_id).outstanding):
        _move(actor, consent, ConsentStatus.PREPARED, now)
        return consent
    return _give(actor, pledge, consent, now)


def approve_consent(actor: Actor, consent_id: UUID, now: datetime) -> SaleConsent:
    """The bank's second person agrees; from now the register permits the act."""
    consent, pledge = _for_lender(actor, consent_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require(consent.status is not ConsentStatus.ASKED, AnswerNotPrepared())
    require_another_person(actor, consent.prepared_by)
    require(pledge.status is PledgeStatus.REGISTERED, NotPledgedNow())
    return _give(actor, pledge, consent, now)


def decline_consent(actor: Actor, consent_id: UUID, reason: str, now: datetime) -> SaleConsent:
    """The bank does not agree, with its reason."""
    consent, _pledge = _for_lender(actor, consent_id)
    consent.answer = reason
    _move(actor, consent, ConsentStatus.DECLINED, now)
    return consent


def withdraw_sale_consent(actor: Actor, consent_id: UUID, now: datetime) -> SaleConsent:
    """The bank takes its consent back while nobody has paid on the strength of it."""
    consent, pledge = _for_lender(actor, consent_id)
    require_fresh(actor, now)
    require(not _is_relied_on(pledge, consent.act), ConsentReliedOn())
    _withdraw(actor, consent, now)
    return consent


def consents_of_pledge(pledge_id: UUID) -> list[SaleConsent]:
    """What was asked and agreed, newest first."""
    query = select(SaleConsent).where(SaleConsent.pledge_id == pledge_id).order_by(SaleConsent.id.desc())
    return list(session.execute(query).scalars())


def consents_waiting(lender_id: UUID) -> list[tuple[SaleConsent, Pledge]]:
    """Requests to answer and answers for a second person, oldest first."""
    rows = session.execute(
        select(SaleConsent, Pledge)
        .join(Pledge, Pledge.id == SaleConsent.pledge_id)
        .where(Pledge.lender_id == lender_id, SaleConsent.status.in_((C.ASKED, C.PREPARED)))
        .order_by(SaleConsent.id)
        .limit(100)
    )
    return [(consent, pledge) for consent, pledge in rows]


def _open(pledge_id: UUID, act: SaleAct) -> SaleConsent | None:
    for consent in consents_of_pledge(pledge_id):
        if consent.act is act and consent.status is ConsentStatus.ASKED:
            return consent
        require(consent.act is not act or consent.status is not ConsentStatus.PREPARED, ConsentAskedAlready())
    return None


def _is_relied_on(pledge: Pledge, act: SaleAct) -> bool:
    """Whether a buyer's money is held for such a deal of the right."""
    closing = (DealStatus.FUNDS_HELD, DealStatus.RECORDAL_FILED, DealStatus.RECORDAL_PROVEN)
    kind = DealKind.TRANSFER if act is SaleAct.TRANSFER else DealKind.LICENCE
    query = select(Deal.id).where(Deal.asset_id == pledge.asset_id, Deal.kind == kind, Deal.status.in_(closing))
    return session.execute(query).first() is not None


def _for_lender(actor: Actor, consent_id: UUID) -> tuple[SaleConsent, Pledge]:
    """The locked pledge first, then the consent; for anybody but its parties it does not exist."""
    found = session.get(SaleConsent, consent_id)
    require(found is not None, NotFound())
    assert found is not None
    pledge = pledge_for_lender(actor, found.pledge_id)
    return find(SaleConsent, consent_id, lock=True), pledge


def _give(actor: Actor, pledge: Pledge, consent: SaleConsent, now: datetime) -> SaleConsent:
    """Write the letter, replace what was agreed before, and let the register know."""
    for older in consents_of_pledge(pledge.id):
        if older.act is consent.act and older.status is ConsentStatus.GIVEN:
            _withdraw(actor, older, now)
    assert pledge.encumbrance_id is not None
    consent.document_id = _letter(pledge, consent, now)
    recorded = record_consent(
        actor, pledge.encumbrance_id, consent.act.value, consent.document_id, now, consent.expires_on
    )
    consent.consent_id = recorded.id
    consent.decided_by, consent.decided_at = actor.person_id, now
    _move(actor, consent, ConsentStatus.GIVEN, now)
    return consent


def _withdraw(actor: Actor, consent: SaleConsent, now: datetime) -> None:
    CONSENT_LIFECYCLE.check(consent.status, ConsentStatus.WITHDRAWN)
    assert consent.consent_id is not None
    withdraw_consent(actor, consent.consent_id, now)
    _move(actor, consent, ConsentStatus.WITHDRAWN, now)


def _letter(pledge: Pledge, consent: SaleConsent, now: datetime) -> UUID:
    """The bank's statement as a file that both parties can read, kept by its content hash."""
    least = consent.minimum.format() + " " + consent.minimum.currency if consent.minimum else "-"
    lines = [
        "质权人同意书 Consent of the pledgee (民法典第四百四十四条 Civil Code art. 444)",
        f"质押登记号 Registration: {pledge.registration_number}",
        f"权利 Right: {find_asset(pledge.asset_id).label}",
        f"同意事项 Act: {consent.act.value}",
        f"最低价 At least: {least}",
        f"有效期至 Until: {consent.expires_on}",
        f"条件 Conditions: {consent.conditions or '-'}",
        f"出具日 Given on: {now.date()}",
    ]
    content = "\n".join(lines).encode()
    name = f"consent-{consent.act.value}-{pledge.registration_number}.txt"
    file = store_file(SYSTEM, content, name, "consent", now, owner_organisation_id=pledge.lender_id)
    show_file(SYSTEM, file.id, pledge.pledgor_id, now)
    return file.id


def _move(actor: Actor, consent: SaleConsent, status: ConsentStatus, now: datetime) -> None:
    if status is not consent.status:
        consent.become(status)
    session.flush()
    announce(actor, now, ConsentMoved(consent.id, consent.pledge_id, status.value))

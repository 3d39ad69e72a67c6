"""Accounts: whose money lies where, and how low each may go."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Model, new_id, session
from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money

PLATFORM = "platform"
"""The books of the platform itself: obligations and held funds. A bank's own books stay the bank's."""


class AccountUnknown(Refused):
    """A posting names an account that was never opened."""

    message = _l("There is no account %(account)s.")


class AccountDiffers(Refused):
    """The account exists with another side, floor or owner."""

    message = _l("The account %(code)s already exists with other terms.")


class Side(StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


class Account(Model):
    """One account in one currency; its totals follow from its entries and change in no other way."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("entity", "code", "currency"),
        UniqueConstraint("id", "entity", "currency"),
        CheckConstraint("normal_side IN ('debit', 'credit')", name="normal_side"),
    )

    entity: Mapped[str]
    code: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    normal_side: Mapped[Side]
    floor_minor: Mapped[int | None]
    owner_id: Mapped[UUID | None] = mapped_column(index=True)
    posted_debit_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    posted_credit_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    pending_debit_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    pending_credit_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    @property
    def balance(self) -> "Balance":
        """What lies here, what of it is spoken for, and what is free."""
        if self.normal_side is Side.CREDIT:
            posted, outgoing = self.posted_credit_minor - self.posted_debit_minor, self.pending_debit_minor
        else:
            posted, outgoing = self.posted_debit_minor - self.posted_credit_minor, self.pending_credit_minor
        return Balance(*(Money(amount, self.currency) for amount in (posted, outgoing, posted - outgoing)))


@dataclass(frozen=True)
class Balance:
    """An account's balance on its normal side: posted, held out of it (pending), and available."""

    posted: Money
    pending: Money
    available: Money


def open_account(
    code: str,
    currency: str,
    normal_side: Side | str,
    floor_minor: int | None = 0,
    owner_id: UUID | None = None,
    entity: str = PLATFORM,
) -> Account:
    """Open an account, or return it when it is open already with the same terms."""
    session.execute(
        insert(Account)
        .values(
            id=new_id(), entity=entity, code=code, currency=currency, normal_side=Side(normal_side),
            floor_minor=floor_minor, owner_id=owner_id,
        )
        .on_conflict_do_nothing(index_elements=["entity", "code", "currency"])
    )  # fmt: skip
    account = find_account(code, currency, entity)
    same_owner = owner_id is None or account.owner_id == owner_id
    if account.normal_side is not Side(normal_side) or account.floor_minor != floor_minor or not same_owner:
        raise AccountDiffers(code=code)
    return account


def find_account(code: str, currency: str, entity: str = PLATFORM) -> Account:
    """The account as it stands now; unknown is refused."""
    account: Account | None = session.execute(
        select(Account)
        .where(Account.entity == entity, Account.code == code, Account.currency == currency)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if account is None:
        raise AccountUnknown(account=f"{code} {currency}")
    return account


def balance(code: str, currency: str, entity: str = PLATFORM) -> Balance:
    """The balance of an account; an account never opened holds nothing."""
    try:
        return find_account(code, currency, entity).balance
    except AccountUnknown:
        nothing = Money.zero(currency)
        return Balance(nothing, nothing, nothing)


def accounts_of(owner_id: UUID) -> list[Account]:
    """Every account that belongs to an organisation, by name."""
    query = select(Account).where(Account.owner_id == owner_id).order_by(Account.code, Account.currency)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def lock_accounts(*accounts: tuple[str, str], entity: str = PLATFORM) -> None:
    """Lock several accounts (code, currency) in id order, before a transaction that posts more than one journal."""
    codes = {code for code, _currency in accounts}
    session.execute(
        select(Account.id)
        .where(Account.entity == entity, Account.code.in_(codes))
        .order_by(Account.id)
        .with_for_update(key_share=True)
    )

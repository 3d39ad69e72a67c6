"""The ten forms of a pool as bilingual PDFs, in the spirit of the annexes of T/IPIF 0028-2024; the wording is our own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.i18n import _l
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.financing.due_dates import business_date
from marketplace.identity.organisations import Organisation, OrganisationKind, find_organisation
from marketplace.risk_pool import form_rows as rows
from marketplace.risk_pool import policy
from marketplace.risk_pool.claims import Claim, ClaimStatus, find_claim, live_claim
from marketplace.risk_pool.enrolments import ENDED, IN_POOL, Enrolment, EnrolmentStatus, find_enrolment, scheme_of
from marketplace.risk_pool.pools import Pool, find_pool
from marketplace.risk_pool.schemes import schemes_of

E = EnrolmentStatus
OF_ENROLMENT, OF_CLAIM, OF_POOL, OF_BANK = "abc", "fgj", "de", "hi"
PLAN_HEAD = ["期 Nr", "到期日 Due", "本金 Principal", "利息 Interest", "结清日 Settled on"]
LIST_HEAD = [
    "借款人 Borrower", "银行 Bank", "担保本金 Secured principal", "承诺补偿 Cover", "状态 Status", "预警分 Warning",
    "说明 Reason",
]  # fmt: skip


class FormNotReady(Refused):
    """The form confirms something that has not happened yet."""

    message = _l("This form can be printed only after the step it confirms.")


@dataclass(frozen=True)
class Table:
    """The table of a form and its terms."""

    head: list[str]
    rows: list[list[str]]
    terms: dict[str, Any]


def print_form(actor: Actor, letter: str, subject_id: UUID, bank_id: UUID | None, now: datetime) -> bytes:
    """One form as a PDF: of an enrolment (A, B, C), a claim (F, G, J), a pool (D, E) or a bank in a pool (H, I)."""
    require(len(letter) == 1, NotFound())
    if letter in OF_ENROLMENT:
        enrolment, pool = find_enrolment(actor, subject_id)
        return _print(letter, pool, enrolment.bank_id, _of_enrolment(letter, enrolment, pool), str(enrolment.id), now)
    if letter in OF_CLAIM:
        claim, enrolment, pool = find_claim(actor, subject_id)
        return _print(letter, pool, enrolment.bank_id, _of_claim(letter, claim, enrolment), str(claim.id), now)
    if letter in OF_POOL:
        pool = find_pool(subject_id)
        require(policy.administers(actor, pool) or actor.may("audit.read"), NotFound())
        return _print(letter, pool, None, _of_pool(letter, pool), str(pool.id), now)
    require(letter in OF_BANK, NotFound())
    pool = find_pool(subject_id)
    bank = _bank(actor, pool, bank_id)
    return _print(letter, pool, bank.id, _of_bank(letter, pool, bank), f"{pool.id}/{bank.id}", now)


def _of_enrolment(letter: str, enrolment: Enrolment, pool: Pool) -> Table:
    terms = _terms(enrolment)
    if letter == "b":
        return Table(PLAN_HEAD, rows.rows_of_plan(enrolment), terms)
    taken = enrolment.status in (*IN_POOL, E.COMPENSATED, *ENDED) and enrolment.decided_at is not None
    require(letter == "a" or (taken and enrolment.status is not E.REJECTED), FormNotReady())
    return Table(rows.FACTS, rows.rows_of_enrolment(enrolment, pool), terms)


def _of_claim(letter: str, claim: Claim, enrolment: Enrolment) -> Table:
    terms = _terms(enrolment) | {"loss": claim.loss, "reason": enrolment.reason or "—"}
    if letter == "f":
        return Table(rows.FACTS, rows.rows_of_claim(claim, enrolment), terms)
    require(claim.status is ClaimStatus.COMPENSATED, FormNotReady())
    shared = Table(
        ["收到日 Received", "承担方 Party", "金额 Amount", "交付日 Handed over"], rows.rows_of_recoveries(claim), terms
    )
    require(letter == "j" or enrolment.status is E.WRITTEN_OFF, FormNotReady())
    return shared


def _of_pool(letter: str, pool: Pool) -> Table:
    wanted = IN_POOL if letter == "d" else (E.ABNORMAL,)
    return Table(LIST_HEAD, rows.rows_of_list(_enrolments(pool, wanted)), {})


def _of_bank(letter: str, pool: Pool, bank: Organisation) -> Table:
    terms = {
        "bank": _named(bank),
        "forum": {"zh": "资金池管理机构所在地人民法院", "en": "the people's court at the pool administrator's seat"},
    }
    if letter == "i":
        return Table(
            ["办法 Scheme", "分担 Shares", "年损失率上限 Limit a year"],
            rows.rows_of_schemes(schemes_of(pool.id)),
            terms,
        )
    mine = [one for one in _enrolments(pool, tuple(E)) if one.bank_id == bank.id]
    return Table(rows.FACTS, rows.rows_of_bank(pool, mine), terms)


def _print(letter: str, pool: Pool, bank_id: UUID | None, table: Table, reference: str, now: datetime) -> bytes:
    sides = [({"zh": "资金池管理机构", "en": "Pool administrator"}, find_organisation(pool.administrator_id))]
    if bank_id is not None:
        sides.append(({"zh": "合作银行", "en": "Bank"}, find_organisation(bank_id)))
    context = {
        "reference": f"{letter.upper()}-{reference}",
        "issued_on": business_date(now),
        "parties": [{"role": role, "name": _named(one), "code": one.credit_code} for role, one in sides],
        "pool": {"zh": pool.name_zh, "en": pool.name_en},
        "rows_title": {"zh": "内容", "en": "Particulars"},
        "rows_head": table.head,
        "rows": table.rows,
    }
    return render_pdf(f"pool_form_{letter}", context | table.terms)


def _terms(enrolment: Enrolment) -> dict[str, Any]:
    scheme = scheme_of(enrolment)
    title = scheme.document.get("title") or {"zh": scheme.name, "en": scheme.name}
    return {
        "borrower": _named(find_organisation(enrolment.borrower_id)),
        "principal": enrolment.principal,
        "cover": enrolment.cover,
        "scheme": {language: f"{title.get(language) or scheme.name} {scheme.version}" for language in ("zh", "en")},
    }


def _bank(actor: Actor, pool: Pool, bank_id: UUID | None) -> Organisation:
    """A bank prints its own form; the administrator any bank's."""
    own = actor.organisation_kind == "bank" and bank_id in (None, actor.organisation_id)
    wanted = actor.organisation_id if own else bank_id
    require(wanted is not None and (own or policy.administers(actor, pool)), NotFound())
    assert wanted is not None
    bank = find_organisation(wanted)
    require(bank.kind is OrganisationKind.BANK, NotFound())
    return bank


def _enrolments(pool: Pool, statuses: Sequence[EnrolmentStatus]) -> list[Enrolment]:
    query = select(Enrolment).where(Enrolment.pool_id == pool.id, Enrolment.status.in_(statuses))
    return list(session.execute(query.order_by(Enrolment.id).limit(1000)).scalars())


def _named(organisation: Organisation) -> dict[str, str | None]:
    return {"zh": organisation.name_zh, "en": organisation.name_en}


def forms_of_enrolment(enrolment: Enrolment) -> list[tuple[str, UUID]]:
    """The letters that can be printed of an enrolment now, each with its subject."""
    ready: list[tuple[str, Callable[[], bool]]] = [
        ("a", lambda: True),
        ("b", lambda: True),
        ("c", lambda: enrolment.decided_at is not None and enrolment.status is not E.REJECTED),
    ]
    found = [(letter, enrolment.id) for letter, is_ready in ready if is_ready()]
    claim = live_claim(enrolment.id)
    if claim is not None:
        found.append(("f", claim.id))
        if claim.status is ClaimStatus.COMPENSATED:
            found += [("g", claim.id)] if enrolment.status is E.WRITTEN_OFF else []
            found.append(("j", claim.id))
    return found

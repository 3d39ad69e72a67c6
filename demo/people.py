"""Fictional organisations and the people who act for them."""

from dataclasses import dataclass
from datetime import datetime

from demo.names import TOWNS, TRADES
from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.identity.organisations import Organisation, OrganisationKind, OrganisationStatus
from marketplace.identity.people import Membership, Person, actor_for
from marketplace.identity.roles import Role

KINDS = OrganisationKind
FINANCE = (
    (KINDS.BANK, "示范银行（演示）", "Demo First Bank (fictional)"),
    (KINDS.BANK, "远帆银行（演示）", "Demo Yuanfan Bank (fictional)"),
    (KINDS.BANK, "镜湖农商银行（演示）", "Demo Jinghu Rural Bank (fictional)"),
    (KINDS.POOL_ADMINISTRATOR, "示范风险补偿资金管理中心（演示）", "Demo Risk Pool Centre (fictional)"),
    (KINDS.GUARANTOR, "青禾融资担保（演示）", "Demo Qinghe Guarantee (fictional)"),
    (KINDS.INSURER, "海棠保险（演示）", "Demo Haitang Insurance (fictional)"),
    (KINDS.APPRAISER, "知微资产评估（演示）", "Demo Zhiwei Appraisal (fictional)"),
    (KINDS.SERVICE_PROVIDER, "听雨知识产权代理（演示）", "Demo Tingyu IP Agency (fictional)"),
    (KINDS.PLATFORM_OPERATOR, "平台运营方（演示）", "Demo Platform Operator (fictional)"),
    (KINDS.AUDITOR, "流光审计（演示）", "Demo Liuguang Audit (fictional)"),
)
"""Everybody but the companies, in the order in which personas are shown."""
COMPANIES = 40
LIMIT = Money(100_000_000, "CNY")
"""Four eyes from one million yuan."""


@dataclass(frozen=True)
class Cast:
    """The organisations of the demo, with an officer and an approver of each."""

    organisations: dict[str, Organisation]
    officers: dict[str, Actor]
    approvers: dict[str, Actor]

    @property
    def companies(self) -> list[str]:
        """The keys of the companies, the first two being the holder and the buyer of the personas."""
        return [key for key in self.organisations if key.startswith("company")]

    @property
    def banks(self) -> list[str]:
        """The keys of the banks."""
        return [key for key in self.organisations if key.startswith("bank")]


def make_cast(now: datetime) -> Cast:
    """Make every organisation with its people; all are approved and marked as demo."""
    cast = Cast({}, {}, {})
    numbers: dict[str, int] = {}
    for kind, name_zh, name_en in (*FINANCE, *_companies()):
        numbers[kind.value] = numbers.get(kind.value, 0) + 1
        key = f"{kind.value}{numbers[kind.value]}"
        organisation = _organisation(kind, name_zh, name_en, len(cast.organisations) + 1, now)
        cast.organisations[key] = organisation
        role = Role.VIEWER if kind is KINDS.AUDITOR else Role.OFFICER
        cast.officers[key] = _actor(organisation, key, role, ("经办", "officer"), now)
        second = Role.VIEWER if kind is KINDS.AUDITOR else Role.ADMINISTRATOR
        cast.approvers[key] = _actor(organisation, f"{key}.second", second, ("复核", "second"), now)
    return cast


def _companies() -> list[tuple[OrganisationKind, str, str]]:
    return [
        (
            KINDS.COMPANY,
            f"{TOWNS[n % len(TOWNS)][0]}{TRADES[n % len(TRADES)][0]}有限公司（演示）",
            f"Demo {TOWNS[n % len(TOWNS)][1]} {TRADES[n % len(TRADES)][1]} Ltd (fictional)",
        )
        for n in range(COMPANIES)
    ]


def _organisation(kind: OrganisationKind, zh: str, en: str, number: int, now: datetime) -> Organisation:
    organisation = Organisation(
        kind=kind, name_zh=zh, name_en=en, credit_code=f"DEMO{number:014d}", status=OrganisationStatus.APPROVED,
        country="CN", region="CN-440100", demo=True, submitted_at=now, decided_at=now, four_eyes_limit=LIMIT,
    )  # fmt: skip
    session.add(organisation)
    session.flush()
    return organisation


def _actor(organisation: Organisation, key: str, role: Role, words: tuple[str, str], now: datetime) -> Actor:
    name = f"{(organisation.name_zh or '').removesuffix('（演示）')[:12]}·{words[0]} / {words[1]} (DEMO)"
    person = Person(email=f"{key}@demo.example", name=name, demo=True)
    session.add(person)
    session.flush()
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=role))
    session.flush()
    return actor_for(person.id, organisation.id, authenticated_at=now, second_factor=True, via="command")

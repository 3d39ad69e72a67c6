"""Related parties: organisations that must not bid against, or buy from, each other as if they were strangers."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from marketplace.core.db import session
from marketplace.identity.organisations import Organisation
from marketplace.identity.people import Membership, Person

PUBLIC_MAIL_DOMAINS = frozenset(
    {
        "126.com", "139.com", "163.com", "188.com", "189.cn", "21cn.com", "aliyun.com", "aol.com", "foxmail.com",
        "fastmail.com", "gmail.com", "gmx.com", "gmx.de", "googlemail.com", "hotmail.com", "icloud.com", "live.cn",
        "live.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "outlook.com", "proton.me",
        "protonmail.com", "qq.com", "sina.cn", "sina.com", "sina.com.cn", "sohu.com", "tom.com", "vip.163.com",
        "vip.qq.com", "vip.sina.com", "wo.cn", "yahoo.co.jp", "yahoo.com", "yandex.com", "yeah.net", "zoho.com",
    }
)  # fmt: skip
"""Mail hosts anybody can use: sharing one of these says nothing."""

RESERVED_DOMAINS = r"\.(example|test|invalid|localhost)$"
"""Names that RFC 2606 reserves for examples: nobody owns them, so sharing one says nothing either."""


def are_related(first_id: UUID, second_id: UUID) -> bool:
    """Whether two organisations are one interest: the same one, one control, a shared member or a shared mail domain."""
    if first_id == second_id:
        return True
    first, second = session.get(Organisation, first_id), session.get(Organisation, second_id)
    if first is None or second is None:
        return False
    return _under_one_control(first, second) or _share_people(first_id, second_id)


def _under_one_control(first: Organisation, second: Organisation) -> bool:
    """One controls the other, or the same one controls both, by credit code or by parent."""
    codes = {code for code in (first.credit_code, first.controller_code) if code}
    others = {code for code in (second.credit_code, second.controller_code) if code}
    parents = {identity for identity in (first.id, first.parent_id) if identity}
    other_parents = {identity for identity in (second.id, second.parent_id) if identity}
    return bool(codes & others or parents & other_parents)


def _share_people(first_id: UUID, second_id: UUID) -> bool:
    """Whether one person is a member of both, or members of both have mail addresses of one private domain."""
    one, other = aliased(Person), aliased(Person)
    of_one, of_other = aliased(Membership), aliased(Membership)
    domain = func.split_part(one.email, "@", 2)
    private = domain.not_in(PUBLIC_MAIL_DOMAINS) & ~("." + domain).regexp_match(RESERVED_DOMAINS)
    query = (
        select(of_one.id)
        .join(one, one.id == of_one.person_id)
        .join(of_other, (of_other.organisation_id == second_id) & of_other.ended_at.is_(None))
        .join(other, other.id == of_other.person_id)
        .where(of_one.organisation_id == first_id, of_one.ended_at.is_(None))
        .where((one.id == other.id) | (private & (domain == func.split_part(other.email, "@", 2))))
    )
    return bool(session.scalar(select(query.exists())))

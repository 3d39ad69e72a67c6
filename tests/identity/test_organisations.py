"""Organisations: numbers proven, verified by somebody else, unapproved ones look but do not act."""

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from marketplace.core.clock import now
from marketplace.core.errors import Malformed, NotAllowed, NotFound, Refused
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded, needs_second_person, require_second_person
from marketplace.identity.identifiers import IdentifierKind, canonical_identifier
from marketplace.identity.organisations import (
    ORGANISATION_LIFECYCLE,
    Organisation,
    OrganisationKind,
    OrganisationStatus,
    are_related,
)
from marketplace.identity.people import Membership
from marketplace.identity.roles import ROLE_PERMISSIONS, Role
from marketplace.identity.verification import (
    KycRequired,
    LicenceDocumentMissing,
    LicenceKind,
    OwnOrganisationRefused,
    add_licence_document,
    approve_organisation,
    reinstate_organisation,
    require_approved,
    return_organisation,
    submit_organisation,
    suspend_organisation,
)
from tests.identity.test_sign_in import enter, make_member
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor, make_organisation, make_person

CODE = "91110000600037341L"
S = OrganisationStatus


@pytest.mark.parametrize(
    ("kind", "given_text", "stored"),
    [
        ("credit_code", "91110000600037341L", CODE),
        ("credit_code", " 9111 0000 6000 3734 1l ", CODE),
        ("credit_code", "９１１１００００６０００３７３４１Ｌ", CODE),
        ("lei", "5493001kjtiigc8y1r12", "5493001KJTIIGC8Y1R12"),
        ("sg_uen", "00192200m", "00192200M"),
        ("foreign", "de:hrb12345", "DE:HRB12345"),
    ],
)
def test_a_number_is_stored_in_its_canonical_form(app: Any, kind: str, given_text: str, stored: str) -> None:
    assert canonical_identifier(IdentifierKind(kind), given_text) == stored


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("credit_code", "91110000600037341M"),
        ("credit_code", "9111000O600037341L"),
        ("credit_code", "91110000600037341"),
        ("credit_code", ""),
        ("lei", "5493001KJTIIGC8Y1R13"),
        ("sg_uen", "00192200X"),
        ("foreign", "Germany 12345"),
    ],
)
def test_a_wrong_number_is_a_field_error(db: Any, kind: str, text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        canonical_identifier(IdentifierKind(kind), text)
    assert list(refusal.value.errors) == ["credit_code"]


@given(st.from_regex(r"[0-9A-HJ-NP-RTUWXY]{18}", fullmatch=True))
def test_only_codes_with_the_right_check_character_pass(text: str) -> None:
    try:
        assert canonical_identifier(IdentifierKind.CREDIT_CODE, text) == text and uscc.is_valid(text)
    except Malformed:
        assert not uscc.is_valid(text)


def registration(**changes: Any) -> dict[str, Any]:
    return {"kind": "company", "credit_code": CODE, "name_zh": "虚构有限公司", **changes}


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_registering_makes_a_draft_whose_founder_administers_it(client: FlaskClient, db: Any) -> None:
    person, _other = make_member(db)
    enter(client, person)
    answer = client.post(
        "/api/v1/organisations", json=registration(credit_code="９１１１００００６０００３７３４１ｌ"), headers=key()
    )
    assert answer.status_code == 201 and answer.json["status"] == "draft" and answer.json["credit_code"] == CODE
    me = client.get("/api/v1/me").json
    assert me["organisation_id"] == answer.json["id"] and me["approved"] is False and "org.manage" in me["permissions"]


@pytest.mark.parametrize(
    "change",
    [
        {"credit_code": "91110000600037341M"},
        {"status": "approved"},
        {"verified": True},
        {"role": "administrator"},
        {"kind": "platform_operator"},
        {"kind": ["company"]},
        {"name_zh": "x" * 301},
        {"name_zh": "\x00"},
        {"name_zh": None},
        {"country": "China"},
    ],
)
def test_tampered_or_malformed_registrations_are_refused_and_nothing_is_stored(
    client: FlaskClient, db: Any, change: dict[str, Any]
) -> None:
    person, _other = make_member(db)
    enter(client, person)
    before = db.query(Organisation).count()
    answer = client.post("/api/v1/organisations", json=registration(**change), headers=key())
    assert answer.status_code == 422 and answer.json["errors"]
    assert db.query(Organisation).count() == before


def test_the_field_error_is_in_the_language_of_the_page(client: FlaskClient, db: Any) -> None:
    person, _other = make_member(db)
    enter(client, person)
    headers = {"Accept-Language": "zh-CN", **key()}
    answer = client.post("/api/v1/organisations", json=registration(credit_code="123"), headers=headers)
    assert "统一社会信用代码有误" in answer.json["errors"][0]["message"]


def waiting_organisation(db: Any, **changes: Any) -> tuple[Any, Organisation]:
    organisation = make_organisation(status=S.DRAFT, **changes)
    actor = make_actor(organisation)
    add_licence_document(actor, uuid4(), "营业执照.pdf", LicenceKind.BUSINESS_LICENCE, now())
    return actor, organisation


def test_without_its_licence_an_organisation_cannot_be_submitted(db: Any) -> None:
    actor = make_actor(make_organisation(status=S.DRAFT))
    with pytest.raises(LicenceDocumentMissing):
        submit_organisation(actor, now())


def test_the_operator_returns_with_a_reason_and_approves_after_correction(db: Any) -> None:
    (actor, organisation), operator = waiting_organisation(db), make_actor(kind="platform_operator")
    submit_organisation(actor, now())
    return_organisation(operator, organisation.id, "执照不清晰。", now())
    assert organisation.status is S.RETURNED and organisation.status_reason == "执照不清晰。"
    submit_organisation(actor, now())
    approve_organisation(operator, organisation.id, now())
    assert organisation.status is S.APPROVED and organisation.decided_by_id == operator.person_id
    suspend_organisation(operator, organisation.id, "Complaints.", now())
    assert not organisation.is_approved
    reinstate_organisation(operator, organisation.id, now())
    assert organisation.is_approved


def test_nobody_else_verifies_and_nobody_verifies_their_own(db: Any) -> None:
    actor, organisation = waiting_organisation(db, kind=OrganisationKind.PLATFORM_OPERATOR)
    submit_organisation(actor, now())
    with pytest.raises(OwnOrganisationRefused):
        approve_organisation(actor, organisation.id, now())
    for kind in ("company", "bank", "auditor"):
        with pytest.raises(NotAllowed):
            approve_organisation(make_actor(kind=kind), organisation.id, now())


def test_one_number_is_verified_for_one_organisation_only(db: Any) -> None:
    operator = make_actor(kind="platform_operator")
    (one, first), (two, second) = (waiting_organisation(db, credit_code=CODE) for _number in range(2))
    for actor, organisation in ((one, first), (two, second)):
        submit_organisation(actor, now())
        if organisation is first:
            approve_organisation(operator, first.id, now())
    with pytest.raises(Refused) as refusal:
        approve_organisation(operator, second.id, now())
    assert refusal.value.code == "organisation_already_verified"


@given(st.lists(st.sampled_from(list(S)), max_size=12))
def test_the_status_moves_only_along_its_table(moves: list[OrganisationStatus]) -> None:
    organisation = Organisation(status=S.DRAFT)
    for wanted in moves:
        before = organisation.status
        if ORGANISATION_LIFECYCLE.allows(before, wanted):
            organisation.become(wanted)
            assert organisation.status is wanted
        else:
            with pytest.raises(WrongStatus):
                organisation.become(wanted)
            assert organisation.status is before


def test_the_unapproved_are_told_that_verification_is_missing(db: Any) -> None:
    with pytest.raises(KycRequired) as refusal:
        require_approved(make_actor(make_organisation(status=S.SUBMITTED)))
    assert (refusal.value.status, refusal.value.code) == (403, "kyc_required")
    require_approved(make_actor())


VERIFIER_ROUTES = ["approval", "return", "suspension", "reinstatement"]


@pytest.mark.parametrize("route", VERIFIER_ROUTES)
def test_the_operators_routes_are_closed_to_others(client: FlaskClient, db: Any, sign_in: Any, route: str) -> None:
    actor, organisation = waiting_organisation(db)
    db.commit()
    address, body = f"/api/v1/verifications/{organisation.id}/{route}", {"reason": "Because of this."}
    assert client.post(address, json=body, headers=key()).status_code == 401
    assert sign_in(client, actor).post(address, json=body, headers=key()).status_code == 403
    auditor = make_actor(kind="auditor")
    db.commit()
    assert sign_in(client, auditor).post(address, json=body, headers=key()).status_code == 403
    operator = make_actor(kind="platform_operator")
    db.commit()
    missing = f"/api/v1/verifications/{uuid4()}/{route}"
    assert sign_in(client, operator).post(missing, json=body, headers=key()).status_code == 404
    if route in ("return", "suspension"):
        assert client.post(address, json={}, headers=key()).status_code == 422
    assert client.post(address, json=body, headers=key()).json["code"] in ("wrong_status", "organisation_fixed")
    assert client.post(address, json=body).json["code"] == "idempotency_key_missing"


def test_the_queue_shows_who_waits_and_the_decision_is_told(client: FlaskClient, db: Any, sign_in: Any) -> None:
    operator = make_actor(kind="platform_operator")
    actor, organisation = waiting_organisation(db)
    db.commit()
    sign_in(client, actor).post("/organisation/submission")
    sign_in(client, operator)
    assert str(organisation.name_en) in client.get("/verifications?lang=en").text
    assert client.get("/inbox").text.count(str(organisation.name_en)) >= 1
    assert client.post(f"/verifications/{organisation.id}/approval").status_code == 303
    assert "is approved" in sign_in(client, actor).get("/inbox?lang=en").text
    assert client.get("/verifications").status_code == 403


def test_four_eyes_begin_above_the_limit(db: Any) -> None:
    organisation = make_organisation(four_eyes_limit=Money(10_000, "CNY"))
    actor = make_actor(organisation)
    require_second_person(actor, actor.person_id, Money(10_000, "CNY"))
    for amount in (Money(10_001, "CNY"), Money(1, "USD")):
        with pytest.raises(SecondPersonNeeded):
            require_second_person(actor, actor.person_id, amount)
    require_second_person(make_actor(organisation), actor.person_id, Money(10_001, "CNY"))
    assert needs_second_person(make_organisation().id, Money(1, "CNY"))


def test_the_same_person_is_one_person_in_every_organisation(db: Any) -> None:
    actor, other = make_actor(), make_organisation()
    db.add(Membership(person_id=actor.person_id, organisation_id=other.id, role=Role.APPROVER))
    db.flush()
    from marketplace.identity.people import actor_for

    elsewhere = actor_for(actor.person_id, other.id)
    with pytest.raises(SecondPersonNeeded):
        require_second_person(elsewhere, actor.person_id, Money(1, "CNY"))


def organisation_with_member(db: Any, email: str, **changes: Any) -> Organisation:
    organisation, person = make_organisation(**changes), make_person(email=email)
    db.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.VIEWER))
    db.flush()
    return organisation


def test_related_are_the_same_the_controlled_those_who_share_people_or_a_private_mail_domain(db: Any) -> None:
    parent = organisation_with_member(db, "a@qq.com", credit_code="91440101MA59KT0B1F")
    child = organisation_with_member(db, "b@qq.com", controller_code="91440101MA59KT0B1F")
    sister = organisation_with_member(db, "c@163.com", controller_code="91440101MA59KT0B1F")
    stranger = organisation_with_member(db, "d@qq.com")
    acme, acme_too = (organisation_with_member(db, f"{name}@acme-ip.cn") for name in "ef")
    assert are_related(parent.id, parent.id)
    assert are_related(parent.id, child.id) and are_related(child.id, parent.id) and are_related(child.id, sister.id)
    assert are_related(acme.id, acme_too.id)
    assert not are_related(parent.id, stranger.id) and not are_related(acme.id, stranger.id)
    person = make_person()
    for organisation in (stranger, acme):
        db.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.VIEWER))
    db.flush()
    assert are_related(stranger.id, acme.id)


def test_every_kind_of_organisation_gives_every_role_something_definite() -> None:
    assert set(ROLE_PERMISSIONS) == set(OrganisationKind)
    for kind, roles in ROLE_PERMISSIONS.items():
        assert set(roles) == set(Role)
        assert "org.manage" in roles[Role.ADMINISTRATOR] and "org.manage" not in roles[Role.APPROVER]
        assert roles[Role.OFFICER] <= roles[Role.APPROVER] <= roles[Role.ADMINISTRATOR]
        assert roles[Role.VIEWER] <= {"audit.read"}, kind


def test_only_the_operator_confirms_money_and_only_banks_lend() -> None:
    carrying = {
        permission: {kind for kind, roles in ROLE_PERMISSIONS.items() if permission in roles[Role.ADMINISTRATOR]}
        for permission in ("money.confirm", "platform.verify", "loan.approve", "pool.approve")
    }
    assert carrying["money.confirm"] == carrying["platform.verify"] == {OrganisationKind.PLATFORM_OPERATOR}
    assert carrying["loan.approve"] == {OrganisationKind.BANK}
    assert carrying["pool.approve"] == {OrganisationKind.POOL_ADMINISTRATOR}


def test_a_licence_document_is_uploaded_and_only_the_operator_and_the_owner_read_it(
    client: FlaskClient, db: Any, sign_in: Any
) -> None:
    from io import BytesIO

    actor = make_actor(make_organisation(status=S.DRAFT))
    operator, stranger = make_actor(kind="platform_operator"), make_actor()
    db.commit()
    picture = make_pdf()
    data = {"kind": "business_licence", "file": (BytesIO(picture), "营业执照.pdf")}
    answer = sign_in(client, actor).post("/organisation/documents", data=data)
    assert answer.status_code == 303, answer.text
    page = client.get("/organisation").text
    assert "营业执照.pdf" in page
    link = page.split('href="/files/')[1].split('"')[0]
    statuses = [sign_in(client, who).get(f"/files/{link}").status_code for who in (actor, operator, stranger)]
    assert statuses == [200, 200, 404]
    assert sign_in(client, stranger).post("/organisation/documents", data={"kind": "other"}).status_code == 422
    with pytest.raises(NotFound):
        add_licence_document(
            make_actor().__class__(person_id=None, organisation_id=None, permissions=frozenset({"org.manage"})),
            uuid4(),
            "x",
            LicenceKind.OTHER,
            now(),
        )

"""Members: invited once by letter, bound to a role, gone at once; and the keys of their programs."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.identity import api_keys
from marketplace.identity.api_keys import ApiKey
from marketplace.identity.invitations import Invitation, invitation_token
from marketplace.identity.people import LastAdministrator, Membership, change_role, remove_member
from marketplace.identity.roles import Role
from tests.identity.test_organisations import key
from tests.identity.test_sign_in import PASSWORD, enter, make_member, newest_letter
from tests.makers.identity import make_actor, make_organisation


def invite(client: FlaskClient, email: str, role: str = "viewer") -> Any:
    given = {"email": email, "role": role}
    return client.post("/api/v1/organisation/invitations", json=given, headers=key())


def link_of(client: FlaskClient, db: Any, answer: Any) -> str:
    invitation = db.get(Invitation, UUID(answer.json["id"]))
    return f"/invitations/{invitation_token(invitation.id, client.application.extensions['settings'].secret_key)}"


def test_an_invitation_comes_by_letter_and_makes_a_member_with_its_role_whatever_is_sent_along(
    client: FlaskClient, db: Any, run_jobs: Any
) -> None:
    administrator, organisation = make_member(db)
    enter(client, administrator)
    assert invite(client, "New.Colleague@Fictional.example").status_code == 201
    run_jobs()
    letter = newest_letter(client)
    assert letter["To"] == "new.colleague@fictional.example"
    found = re.search(r"http://127.0.0.1:5000(/invitations/\S+)", letter.get_content())
    assert found
    newcomer = client.application.test_client()
    assert newcomer.get(found[1]).status_code == 200
    given = {"name": "New Colleague", "password": PASSWORD, "role": "administrator"}
    assert newcomer.post(found[1], data=given).status_code == 422
    assert newcomer.post(found[1], data={"name": "New Colleague", "password": PASSWORD}).status_code == 303
    me = newcomer.get("/api/v1/me").json
    assert me["organisation_id"] == str(organisation.id) and me["permissions"] == []
    again = client.application.test_client()
    assert (again.get(found[1]).status_code, again.post(found[1], data=given).status_code) == (410, 410)
    assert "New Colleague" in client.get("/inbox").text


def test_an_old_withdrawn_or_forged_invitation_is_refused(client: FlaskClient, db: Any) -> None:
    administrator, _organisation = make_member(db)
    enter(client, administrator)
    answer = invite(client, "late@fictional.example")
    link, stranger = link_of(client, db, answer), client.application.test_client()
    assert stranger.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 404
    assert stranger.get("/invitations/nonsense").status_code == 404
    db.get(Invitation, UUID(answer.json["id"])).expires_at = now() - timedelta(seconds=1)
    db.commit()
    assert stranger.get(link).status_code == 410
    withdrawn = invite(client, "other@fictional.example")
    assert client.delete(f"/api/v1/organisation/invitations/{withdrawn.json['id']}").status_code == 204
    assert stranger.get(link_of(client, db, withdrawn)).status_code == 410


def test_an_invitation_is_only_for_the_address_it_was_sent_to(client: FlaskClient, db: Any) -> None:
    (administrator, organisation), (invited, _other), (stranger, _third) = (make_member(db) for _number in range(3))
    enter(client, administrator)
    link = link_of(client, db, invite(client, invited.email, "officer"))
    browser = client.application.test_client()
    enter(browser, stranger)
    assert browser.post(link).status_code == 403
    anonymous = client.application.test_client()
    assert anonymous.get(link).location.startswith("/sign-in")
    assert anonymous.post(link, data={"name": "X", "password": PASSWORD}).status_code == 401
    enter(browser, invited)
    assert browser.post(link).status_code == 303
    assert browser.get("/api/v1/me").json["organisation_id"] == str(organisation.id)


def test_an_address_is_invited_once_and_members_not_at_all(client: FlaskClient, db: Any) -> None:
    administrator, _organisation = make_member(db)
    enter(client, administrator)
    assert invite(client, "one@fictional.example").status_code == 201
    assert invite(client, "ONE@fictional.example").json["code"] == "invitation_pending"
    assert invite(client, administrator.email).json["code"] == "already_member"
    assert invite(client, "not an address").status_code == 422
    assert invite(client, "x@fictional.example", "owner of everything").status_code == 422


@pytest.mark.parametrize("role", [Role.OFFICER, Role.APPROVER, Role.VIEWER])
def test_only_administrators_manage_members(client: FlaskClient, db: Any, role: Role) -> None:
    person, _organisation = make_member(db, role=role)
    enter(client, person)
    assert invite(client, "x@fictional.example").status_code == 403
    assert client.delete(f"/api/v1/organisation/members/{person.id}").status_code == 403
    assert client.put(f"/api/v1/organisation/members/{person.id}", json={"role": "administrator"}).status_code == 403
    assert client.get("/api/v1/organisation/keys").status_code == 403


def test_a_removed_member_is_out_at_once_with_session_and_key(client: FlaskClient, db: Any) -> None:
    administrator, organisation = make_member(db)
    person, _own = make_member(db)
    db.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
    db.commit()
    browser, program = client.application.test_client(), client.application.test_client()
    enter(browser, person)
    browser.put("/api/v1/me/organisation", json={"organisation_id": str(organisation.id)})
    made = browser.put("/api/v1/organisation/keys/robot", json={"scopes": ["read"]})
    bearer = {"Authorization": f"Bearer {made.json['key']}"}
    assert program.get("/api/v1/organisation", headers=bearer).status_code == 200
    enter(client, administrator)
    assert client.delete(f"/api/v1/organisation/members/{person.id}").status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    assert program.get("/api/v1/organisation", headers=bearer).status_code == 401
    assert client.delete(f"/api/v1/organisation/members/{person.id}").status_code == 404
    enter(browser, person)
    assert browser.get("/api/v1/me").json["organisation_id"] != str(organisation.id)


def test_members_of_other_organisations_do_not_exist_here(db: Any) -> None:
    actor, other = make_actor(), make_actor()
    for act in (lambda: remove_member(actor, other.person_id, now()), lambda: change_role(actor, other.person_id, Role.VIEWER, now())):  # fmt: skip
        with pytest.raises(NotFound):
            act()


def test_the_last_administrator_stays(db: Any) -> None:
    organisation = make_organisation()
    actor, colleague = make_actor(organisation), make_actor(organisation, role=Role.VIEWER)
    for act in (lambda: remove_member(actor, actor.person_id, now()), lambda: change_role(actor, actor.person_id, Role.VIEWER, now())):  # fmt: skip
        with pytest.raises(LastAdministrator):
            act()
    change_role(actor, colleague.person_id, Role.ADMINISTRATOR, now())
    remove_member(actor, actor.person_id, now())


def make_key(client: FlaskClient, scopes: list[str], name: str = "robot") -> dict[str, str]:
    answer = client.put(f"/api/v1/organisation/keys/{name}", json={"scopes": scopes})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json['key']}"}


def test_a_key_is_shown_once_and_stored_only_as_a_keyed_hash(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    presented = make_key(client, ["read"])["Authorization"].removeprefix("Bearer ")
    stored = db.query(ApiKey).filter_by(person_id=person.id).one()
    assert presented not in str(vars(stored)) and stored.key_hash == api_keys.key_hash("t" * 48, presented)
    assert stored.key_hash != api_keys.key_hash("another secret", presented)
    assert presented not in client.get("/api/v1/organisation/keys").text
    again = client.put("/api/v1/organisation/keys/robot", json={"scopes": ["read"]})
    assert again.json["code"] == "key_name_taken"


def test_a_reading_key_reads_and_writes_nothing(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    headers, program = make_key(client, ["read"]), client.application.test_client()
    assert program.get("/api/v1/organisation/members", headers=headers).status_code == 200
    answer = program.post("/api/v1/organisation/invitations", json={"email": "x@fictional.example", "role": "viewer"}, headers=headers | key())  # fmt: skip
    assert (answer.status_code, answer.json["code"]) == (403, "scope_too_narrow")


def test_a_key_writes_within_its_scopes_only_and_can_never_make_keys(client: FlaskClient, db: Any) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    manage, trade = make_key(client, ["org.manage"], "one"), make_key(client, ["deal.trade"], "two")
    program, given = client.application.test_client(), {"email": "x@fictional.example", "role": "viewer"}
    address = "/api/v1/organisation/invitations"
    assert program.post(address, json=given, headers=trade | key()).status_code == 403
    assert program.post(address, json=given, headers=manage | key()).status_code == 201
    assert program.put("/api/v1/organisation/keys/three", json={"scopes": ["read"]}, headers=manage).status_code == 403
    assert client.put("/api/v1/organisation/keys/x", json={"scopes": ["platform.verify"]}).status_code == 403
    assert client.put("/api/v1/organisation/keys/x", json={"scopes": ["everything"]}).status_code == 422


@pytest.mark.parametrize("how", ["revoked", "expired", "forged", "query", "basic", "cookie too"])
def test_only_a_live_key_in_the_header_opens_anything(client: FlaskClient, db: Any, how: str) -> None:
    person, _organisation = make_member(db)
    enter(client, person)
    headers, program = make_key(client, ["read"]), client.application.test_client()
    presented, address = headers["Authorization"].removeprefix("Bearer "), "/api/v1/organisation"
    stored = db.query(ApiKey).filter_by(person_id=person.id).one()
    if how == "revoked":
        assert client.delete(f"/api/v1/organisation/keys/{stored.id}").status_code == 204
    if how == "expired":
        stored.expires_at = now() - timedelta(seconds=1)
        db.commit()
    if how == "forged":
        headers = {"Authorization": f"Bearer {presented[:-1]}{'A' if presented[-1] != 'A' else 'B'}"}
    if how == "basic":
        headers = {"Authorization": f"Basic {presented}"}
    if how == "query":
        assert program.get(f"{address}?api_key={presented}&auth_token={presented}&access_token={presented}").status_code == 401  # fmt: skip
        return
    if how == "cookie too":
        program, headers = client, {"Authorization": "Bearer nonsense"}
    assert program.get(address, headers=headers).status_code == 401


def test_keys_of_other_organisations_do_not_exist_here(client: FlaskClient, db: Any) -> None:
    (one, _first), (two, _second) = make_member(db), make_member(db)
    enter(client, one)
    make_key(client, ["read"])
    theirs = db.query(ApiKey).filter_by(person_id=one.id).one().id
    enter(client, two)
    assert client.delete(f"/api/v1/organisation/keys/{theirs}").status_code == 404
    assert client.delete(f"/api/v1/organisation/keys/{uuid4()}").status_code == 404


def test_an_auditor_changes_nothing_and_the_reading_is_recorded(client: FlaskClient, db: Any, sign_in: Any) -> None:
    auditor = make_actor(kind="auditor", role=Role.OFFICER)
    db.commit()
    sign_in(client, auditor)
    for method, address in (("post", "/api/v1/organisation/invitations"), ("put", "/api/v1/organisation"), ("post", f"/api/v1/verifications/{uuid4()}/approval"), ("post", "/api/v1/organisation/submission")):  # fmt: skip
        assert getattr(client, method)(address, json={}, headers=key()).status_code == 403
    client.get("/api/v1/audit/events?kind=MemberJoined")
    read = client.get("/api/v1/audit/events?kind=TrailRead").json["items"]
    assert read[0]["organisation_id"] == str(auditor.organisation_id)

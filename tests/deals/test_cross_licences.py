"""Cross-licences: two licences for each other, entered together or not at all, and recorded by both."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.clock import now
from marketplace.core.db import find
from marketplace.core.errors import NotAllowed, NotFound, Refused
from marketplace.core.lifecycle import WrongStatus
from marketplace.deals import cross_licences
from marketplace.deals.contracts import cross_licence_terms
from marketplace.deals.cross_licences import (
    CrossLicence,
    CrossLicenceStatus,
    NoCounterparty,
    ProposalStands,
    accept_cross_licence,
    decline_cross_licence,
    find_cross_licence,
    lapse_cross_licences,
    propose_cross_licence,
    prove_recordal,
    withdraw_cross_licence,
)
from marketplace.deals.terms import VoidClauseProposed
from marketplace.documents.contracts_pdf import contract_data
from marketplace.documents.files import store_file
from marketplace.documents.signatures import decline, sign
from marketplace.registry.encumbrances import Encumbrance, open_encumbrances
from marketplace.registry.rights import Instrument, grant_licence
from tests.deals.test_auction_pages import key
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor
from tests.makers.listings import make_owned_asset

S = CrossLicenceStatus
SCOPE: dict[str, Any] = {"territory": ("CN",), "fields": (), "term_months": 24, "special_terms": ""}


class Pair:
    """Two holders, each with a right the other wants."""

    def __init__(self) -> None:
        self.one, self.other = make_actor(), make_actor()
        self.first, self.second = make_owned_asset(self.one), make_owned_asset(self.other)

    def propose(self, **scope: Any) -> CrossLicence:
        return propose_cross_licence(self.one, self.first.id, self.second.id, SCOPE | scope, now())

    def accepted(self) -> CrossLicence:
        return accept_cross_licence(self.other, self.propose().id, now())

    def signed(self) -> CrossLicence:
        made = self.accepted()
        assert made.envelope_id is not None
        for side in (self.one, self.other):
            sign(side, made.envelope_id, now())
        return made


def test_both_licences_enter_the_register_when_both_have_signed_and_name_each_other(db: Any) -> None:
    p = Pair()
    made = p.accepted()
    assert made.envelope_id is not None
    sign(p.one, made.envelope_id, now())
    assert (made.status, open_encumbrances(p.first.id, now().date())) == (S.SIGNING, [])
    sign(p.other, made.envelope_id, now())
    assert made.status is S.IN_FORCE and made.record_by is not None
    given, returned = find(Encumbrance, made.first_licence_id), find(Encumbrance, made.second_licence_id)
    assert (given.asset_id, given.holder_id) == (p.first.id, p.other.organisation_id)
    assert (returned.asset_id, returned.holder_id, returned.counterpart_id) == (
        p.second.id, p.one.organisation_id, given.id,
    )  # fmt: skip
    words = contract_data("cross_licence", cross_licence_terms(made, now()))
    said = " ".join(clause["text"]["zh"] for clause in words["clauses"])
    assert p.first.label in said and p.second.label in said and "互不支付许可费" in said


def test_each_side_shows_its_own_recordal_and_both_end_the_closing(db: Any) -> None:
    p = Pair()
    made = p.signed()
    for side, status in ((p.one, S.IN_FORCE), (p.one, S.IN_FORCE), (p.other, S.RECORDED)):
        proof = store_file(side, make_pdf(), "proof.pdf", cross_licences.PROOF, now()).id
        assert prove_recordal(side, made.id, proof, now()).status is status
    with pytest.raises(WrongStatus):
        prove_recordal(p.one, made.id, proof, now())


def test_what_the_law_or_the_house_forbids_is_not_proposed(db: Any) -> None:
    p = Pair()
    bare = make_owned_asset(p.one)
    attempts: list[tuple[type[Refused] | type[NotFound], Any]] = [
        (NotFound, lambda: propose_cross_licence(p.other, p.first.id, p.second.id, SCOPE, now())),
        (NoCounterparty, lambda: propose_cross_licence(p.one, p.first.id, bare.id, SCOPE, now())),
        (VoidClauseProposed, lambda: p.propose(special_terms="被许可方不得对专利权的有效性提出异议。")),
    ]
    for refusal, attempt in attempts:
        with pytest.raises(refusal), db.begin_nested():
            attempt()
    p.propose()
    with pytest.raises(ProposalStands), db.begin_nested():
        propose_cross_licence(p.other, p.second.id, p.first.id, SCOPE, now())
    with pytest.raises(IntegrityError), db.begin_nested():
        db.execute(text("UPDATE cross_licences SET status = 'in_force'"))


def test_an_exclusive_licence_granted_meanwhile_stops_both_licences(db: Any) -> None:
    p = Pair()
    made = p.accepted()
    assert made.envelope_id is not None
    sign(p.one, made.envelope_id, now())
    third = make_actor()
    exclusive = Instrument(
        "licence", p.second.id, p.other.organisation_id, third.organisation_id, territory=("CN",),
        begins_on=now().date(), ends_on=now().date() + timedelta(days=300), exclusivity="exclusive",
    )  # fmt: skip
    grant_licence(p.other, exclusive, "elsewhere", now())
    with pytest.raises(Refused), db.begin_nested():
        sign(p.other, made.envelope_id, now())
    assert open_encumbrances(p.first.id, now().date()) == []


def test_every_proposal_ends_by_an_answer_or_by_time(db: Any) -> None:
    p = Pair()
    first = p.propose()
    for actor, refusal in ((p.one, NotAllowed), (make_actor(), NotFound)):
        with pytest.raises(refusal), db.begin_nested():
            accept_cross_licence(actor, first.id, now())
    assert decline_cross_licence(p.other, first.id, "not now", now()).status is S.DECLINED
    assert withdraw_cross_licence(p.one, p.propose().id, now()).status is S.WITHDRAWN
    silent = p.propose()
    assert lapse_cross_licences(now()) == 0
    assert lapse_cross_licences(now() + timedelta(days=31)) == 1 and silent.status is S.LAPSED
    unsigned = p.accepted()
    assert unsigned.envelope_id is not None
    decline(p.one, unsigned.envelope_id, "changed our mind", now())
    assert unsigned.status is S.DECLINED and find_cross_licence(p.other, unsigned.id) is unsigned


def test_the_api_serves_the_two_sides_only(client: FlaskClient, sign_in: Any, db: Any) -> None:
    p = Pair()
    db.commit()
    body = {"own_asset_id": str(p.first.id), "other_asset_id": str(p.second.id), "fields_of_use": ["H01M"]}
    assert client.post("/api/v1/cross-licences", json=body, headers=key()).status_code == 401
    sign_in(client, p.one)
    assert client.post("/api/v1/cross-licences", json=body | {"term_months": 0}, headers=key()).status_code == 422
    made = client.post("/api/v1/cross-licences", json=body, headers=key())
    assert (made.status_code, made.json["terms"]["fields"]) == (201, ["H01M"])
    address = f"/api/v1/cross-licences/{made.json['id']}"
    assert client.post(f"{address}/acceptance", headers=key()).status_code == 403
    sign_in(client, make_actor())
    assert client.get(address).status_code == 404
    assert client.get("/api/v1/cross-licences").json == {"items": []}
    sign_in(client, p.other)
    assert client.post(f"{address}/acceptance", headers=key()).json["status"] == "signing"
    assert client.post(f"{address}/withdrawal", headers=key()).status_code == 403
    assert client.post(f"{address}/rejection", json={"reason": "late"}, headers=key()).json["code"] == "wrong_status"


def test_the_pages_lead_from_the_proposal_to_the_proof(client: FlaskClient, sign_in: Any, db: Any) -> None:
    p = Pair()
    db.commit()
    assert client.get("/cross-licences").status_code in (302, 401)
    sign_in(client, p.one)
    assert p.first.label in client.get("/cross-licences/new?lang=en").text
    form = {"own_asset_id": str(p.first.id), "other_number": p.second.number, "territory": "CN"}
    assert client.post("/cross-licences", data=form | {"other_number": "CN000"}).status_code == 404
    page = client.post("/cross-licences", data=form).headers["Location"]
    assert "Withdraw the proposal" in client.get(f"{page}?lang=en").text
    sign_in(client, p.other)
    assert "答复提议" in client.get(f"{page}?lang=zh").text
    assert client.post(f"{page}/acceptance").status_code == 303
    assert "Read and sign" in client.get(f"{page}?lang=en").text
    made = db.query(CrossLicence).one()
    for side in (p.one, p.other):
        sign(side, made.envelope_id, now())
    db.commit()
    assert "Upload the proof" in client.get(f"{page}?lang=en").text
    assert "In force, to be recorded" in client.get("/cross-licences?lang=en").text
    assert client.post(f"{page}/proof").status_code == 422

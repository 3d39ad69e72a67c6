"""Aid on an enrolled loan: asked by the borrower with proofs, reviewed, granted by a second person from the aid account."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.core.actor import Actor
from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.documents.files import store_file
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.ledger.accounts import balance
from marketplace.ledger.entries import InsufficientFunds
from marketplace.ledger.proofs import prove_books
from marketplace.risk_pool import monitoring, subsidies, subsidy_grants
from marketplace.risk_pool.enrolments import EnrolmentStatus
from marketplace.risk_pool.published_schemes import published_scheme
from marketplace.risk_pool.replenishments import Purpose
from marketplace.risk_pool.reports import quarter_of, report_of
from marketplace.risk_pool.subsidies import AidAlreadyAsked, AidNotYet, NoAidPublished, SubsidyRequest, SubsidyStatus
from marketplace.risk_pool.subsidy_grants import NothingToGrant
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, TODAY, World, cny, make_scheme, replenished, told


class Aid:
    """A pool with aid money under a scheme with the aid of Nansha, and a borrower with repaid loans."""

    def __init__(self, world: World, money: str = "2000000") -> None:
        self.world, self.borrower = world, make_actor()
        replenished(world.reviewer, world.approver, world.pool.id, told(money, "AID-1", purpose=Purpose.SUBSIDY))
        self.scheme = make_scheme(world, "55", subsidies=published_scheme("nansha")["subsidies"])

    def repaid(self, interest: str, rate_bps: int = 300) -> Any:
        """A loan that was enrolled and repaid with this much interest, half of it after the first year."""
        paid = ((12, cny(interest)), (24, cny(interest)))
        loan = self.world.loan("5000000", borrower_id=self.borrower.organisation_id, rate_bps=rate_bps, interest_paid=paid,
                               term_months=24)  # fmt: skip
        enrolment = self.world.enrolled(self.scheme, loan)
        monitoring.end_with_loan(loan.loan_id, NOW)
        assert enrolment.status is EnrolmentStatus.REPAID
        return enrolment

    def proof(self, actor: Actor | None = None) -> list[Any]:
        return [store_file(actor or self.borrower, uuid4().hex.encode(), "interest.txt", "subsidy", NOW).id]

    def asked(self, enrolment: Any, name: str = "interest", fee: str | None = None) -> SubsidyRequest:
        proof = (cny(fee) if fee else None, self.proof())
        return subsidies.ask_subsidy(self.borrower, enrolment.id, name, proof, NOW)

    def granted(self, enrolment: Any, name: str = "interest", fee: str | None = None, lpr: int = 300) -> SubsidyRequest:
        asked = self.asked(enrolment, name, fee)
        subsidies.review_subsidy(self.world.reviewer, asked.id, "proofs complete", lpr, NOW)
        return subsidy_grants.grant_subsidy(self.world.approver, asked.id, "by the rules", NOW)


@pytest.fixture
def aid(world: World) -> Aid:
    return Aid(world)


def test_half_of_the_first_years_interest_up_to_the_lpr_becomes_payable_from_the_aid_account(aid: Aid) -> None:
    made = aid.granted(aid.repaid("200000", rate_bps=400), lpr=300)
    assert (made.amount, made.limits["bound"]) == (cny("75000.00"), ["months_at_most", "benchmark"])
    assert balance(aid.world.pool.account("subsidy"), "CNY").available == cny("1925000")
    assert balance(f"organisation:{aid.borrower.organisation_id}:payable", "CNY").available == cny("75000")
    assert balance(aid.world.pool.account("fund"), "CNY").posted == cny(40_000_000)
    report = report_of(aid.world.reviewer, aid.world.pool.id, *quarter_of(TODAY))
    assert report.aid_movements == {"subsidy_funded": cny("2000000"), "subsidy_granted": cny("-75000")}
    assert (report.aid_closing, prove_books()["balanced"]) == (cny("1925000"), True)


def test_whoever_is_granted_first_uses_the_borrowers_year_and_the_next_gets_the_rest(aid: Aid) -> None:
    amounts = [aid.granted(aid.repaid("1400000")).amount for _loan in range(2)]
    assert amounts == [cny("700000"), cny("300000")]
    with pytest.raises(NothingToGrant):
        aid.granted(aid.repaid("1400000"))


def test_guarantee_and_insurance_fees_are_not_both_aided(aid: Aid) -> None:
    enrolment = aid.repaid("1")
    assert aid.granted(enrolment, "guarantee fee", "30000").amount == cny("15000")
    with pytest.raises(NothingToGrant):
        aid.granted(enrolment, "insurance fee", "30000")
    assert aid.granted(enrolment, "appraisal fee", "200000").amount == cny("50000")


def test_the_decision_needs_two_people_signed_in_just_now_and_the_database_agrees(aid: Aid, db: Any) -> None:
    asked = aid.asked(aid.repaid("200000"))
    with pytest.raises(Malformed):
        subsidies.review_subsidy(aid.world.reviewer, asked.id, "complete", None, NOW)
    both = replace(aid.world.approver, permissions=aid.world.approver.permissions | {"pool.review"})
    subsidies.review_subsidy(both, asked.id, "complete", 300, NOW)
    late = replace(aid.world.approver, person_id=uuid4(), authenticated_at=NOW - timedelta(hours=1))
    for actor, refusal in (
        (both, SecondPersonNeeded), (aid.world.reviewer, NotAllowed), (aid.world.officer, NotFound),
        (make_actor(kind="pool_administrator"), NotFound), (late, ReauthenticationRequired),
    ):  # fmt: skip
        with pytest.raises(refusal):
            subsidy_grants.grant_subsidy(actor, asked.id, "by the rules", NOW)
    alone = text("UPDATE risk_pool_subsidies SET status = 'granted', amount_minor = 1, amount_currency = 'CNY', "
                 "decided_by = reviewed_by WHERE id = :id")  # fmt: skip
    with pytest.raises(IntegrityError, match="second_person"), db.begin_nested():
        db.execute(alone, {"id": asked.id})


def test_aid_is_asked_for_once_with_proofs_after_repayment_and_only_where_published(aid: Aid, world: World) -> None:
    running = world.enrolled(aid.scheme, world.loan(borrower_id=aid.borrower.organisation_id))
    with pytest.raises(AidNotYet):
        aid.asked(running)
    enrolment = aid.repaid("200000")
    with pytest.raises(NoAidPublished):
        aid.asked(enrolment, "travel")
    for name, fee, files, field in (
        ("interest", None, [], "files"), ("interest", "5", aid.proof(), "fee"), ("appraisal fee", None, aid.proof(), "fee"),
    ):  # fmt: skip
        with pytest.raises(Malformed) as refused:
            subsidies.ask_subsidy(aid.borrower, enrolment.id, name, (cny(fee) if fee else None, files), NOW)
        assert list(refused.value.errors) == [field]
    with pytest.raises(NotFound):
        subsidies.ask_subsidy(aid.borrower, enrolment.id, "interest", (None, aid.proof(make_actor())), NOW)
    first = aid.asked(enrolment)
    with pytest.raises(AidAlreadyAsked):
        aid.asked(enrolment)
    subsidies.withdraw_subsidy(aid.borrower, first.id, NOW)
    second = aid.asked(enrolment)
    subsidies.refuse_subsidy(aid.world.approver, second.id, "the proof is of another loan", NOW)
    assert (second.status, aid.asked(enrolment).status) == (SubsidyStatus.REFUSED, SubsidyStatus.ASKED)


def test_aid_never_exceeds_what_the_aid_account_holds(world: World) -> None:
    aid = Aid(world, "100")
    with pytest.raises(InsufficientFunds):
        aid.granted(aid.repaid("200000"))


def test_page_and_api_lead_from_asking_to_the_explained_grant(aid: Aid, client: Any, sign_in: Any, db: Any) -> None:
    enrolment = aid.repaid("200000")
    page, api = f"/risk-pool/enrolments/{enrolment.id}", f"/api/v1/enrolments/{enrolment.id}/subsidies"

    def fresh(actor: Any) -> Any:
        db.commit()
        return sign_in(client, replace(actor, authenticated_at=datetime.now(UTC)))

    def post(path: str, **body: Any) -> Any:
        return client.post(path, json=body, headers={"Idempotency-Key": uuid4().hex})

    db.commit()
    assert (client.get(api).status_code, post(api, name="interest", files=[]).status_code) == (401, 401)
    fresh(make_actor())
    assert (client.get(api).status_code, post(api, name="interest", files=[str(uuid4())]).status_code) == (404, 404)
    fresh(aid.world.officer)
    assert (client.get(api).status_code, "Ask for aid" in client.get(f"{page}?lang=en").text) == (404, False)
    fresh(aid.borrower)
    assert "申请补助" in client.get(f"{page}?lang=zh").text
    assert post(api, name="interest").status_code == 422
    form = {"name": "interest", "fee": "", "files": (BytesIO(b"receipt"), "receipt.txt")}
    assert client.post(f"{page}/subsidies", data=form, content_type="multipart/form-data").status_code == 303
    [asked] = client.get(api).json["items"]
    step = f"/risk-pool/subsidies/{asked['id']}"
    assert client.post(f"{step}/levitation", data={}).status_code == 404
    assert post(f"/api/v1/subsidies/{asked['id']}/grant", reason="for me").status_code == 403
    fresh(aid.world.reviewer)
    assert "request for aid waits" in client.get("/dashboard?lang=en").text
    assert client.post(f"{step}/review", data={"reason": "complete", "benchmark": "3.005"}).status_code == 422
    assert client.post(f"{step}/review", data={"reason": "complete", "benchmark": "3.00"}).status_code == 303
    fresh(aid.world.approver)
    assert "100,000.00" in client.get(f"{page}?lang=en").text
    done = post(f"/api/v1/subsidies/{asked['id']}/grant", reason="by the rules")
    assert (done.status_code, done.json["amount"]["amount"]) == (200, "100000.00")
    assert post(f"/api/v1/subsidies/{asked['id']}/refusal", reason="too late").status_code == 409
    fresh(aid.borrower)
    assert "最多计算 12 个月" in client.get(f"{page}?lang=zh").text


def test_anybody_computes_aid_over_the_network_but_no_file_of_the_server_is_read(client: Any) -> None:
    case = {"scheme": "guangzhou-loan-aid", "loan": "1000000"}
    assert client.post("/api/v1/risk-pool-subsidies", json={"case": case}).json["aid"][0]["amount"] == "20000.00"
    assert client.post("/api/v1/risk-pool-premiums", json={"case": case}).json["premiums"] == []
    for path in ("/etc/scheme.json", "atlantis"):
        answer = client.post("/api/v1/risk-pool-subsidies", json={"case": {**case, "scheme": path}})
        assert answer.status_code == 409

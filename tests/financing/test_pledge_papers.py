"""The papers of a pledge: filing packs by kind of right, what the register entered later, maximum-amount pledges."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from marketplace.core.clock import market_day, now
from marketplace.core.errors import Malformed, NotFound
from marketplace.financing.enforcement import realise_pledge
from marketplace.financing.filing_papers import PAPERS, FilingAct, papers_for
from marketplace.financing.loans import Loan, LoanStatus
from marketplace.financing.office_entries import EntryKind, EntryNotPossible, EntryRecorded, entries_of, record_entry
from marketplace.financing.pledge_packs import PackNotReady, filing_pack
from marketplace.financing.pledges import ContractNotSigned, Pledge, PledgeStatus, end_pledge, pledges_of_loan
from marketplace.financing.policy import WrongActor
from marketplace.financing.repayments import Receipt
from marketplace.registry.assets import AssetKind
from tests.makers.financing import (
    Parties,
    cny,
    make_agreed_loan,
    make_bank,
    make_parties,
    make_pledged_loan,
    make_running_loan,
    sign_contracts,
)

A = FilingAct


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def pledge_of(loan: Loan) -> Pledge:
    return pledges_of_loan(loan.id)[0]


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        (AssetKind.INVENTION, "patent"), (AssetKind.UTILITY_MODEL, "patent"), (AssetKind.DESIGN, "patent"),
        (AssetKind.TRADEMARK, "trademark"), (AssetKind.COPYRIGHT, "copyright"), (AssetKind.SOFTWARE, "copyright"),
    ],
)  # fmt: skip
def test_every_register_has_its_own_list_for_every_act(kind: AssetKind, family: str) -> None:
    for act in FilingAct:
        papers = papers_for(act, kind, "CN")
        assert papers is PAPERS[act, family]
        assert papers.to_bring
        assert papers.source


@pytest.mark.parametrize(("kind", "office"), [(AssetKind.PLANT_VARIETY, "CN"), (AssetKind.INVENTION, "US")])
def test_where_no_list_is_known_none_is_made_up(kind: AssetKind, office: str) -> None:
    assert papers_for(A.REGISTRATION, kind, office) is None


def test_the_pack_holds_the_signed_contract_the_extract_and_true_checksums(parties: Parties) -> None:
    loan = make_agreed_loan(parties)
    with pytest.raises(ContractNotSigned):
        filing_pack(parties.officer, pledge_of(loan).id, A.REGISTRATION, now())
    sign_contracts(parties, loan)
    content = filing_pack(parties.officer, pledge_of(loan).id, A.REGISTRATION, now())
    papers = opened(content)
    assert list(papers)[:2] == ["00-cover.pdf", "01-pledge-contract.pdf"]
    sums = dict(reversed(line.split("  ")) for line in papers.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(paper).hexdigest() for name, paper in papers.items()}
    cover = "".join(page.extract_text() for page in PdfReader(io.BytesIO(papers["00-cover.pdf"])).pages)
    assert "专利权质押登记" in cover and "461" in cover
    extract = json.loads(next(paper for name, paper in papers.items() if name.startswith("10-")))
    assert extract["ownership"]
    assert filing_pack(parties.holder, pledge_of(loan).id, A.REGISTRATION, now()) == content


def test_a_pack_is_made_for_what_can_be_filed_and_for_the_parties_alone(parties: Parties) -> None:
    pledge = pledge_of(make_pledged_loan(parties))
    assert filing_pack(parties.officer, pledge.id, A.EXTENSION, now())
    with pytest.raises(PackNotReady):
        filing_pack(parties.officer, pledge.id, A.CANCELLATION, now())
    with pytest.raises(NotFound):
        filing_pack(make_bank()[0], pledge.id, A.REGISTRATION, now())
    end_pledge(parties.officer, pledge, PledgeStatus.RELEASED, "released", now())
    cover = opened(filing_pack(parties.officer, pledge.id, A.CANCELLATION, now()))["00-cover.pdf"]
    assert "质权消灭" in "".join(page.extract_text() for page in PdfReader(io.BytesIO(cover)).pages)


def test_later_entries_carry_the_registers_number_and_day(parties: Parties) -> None:
    pledge, today = pledge_of(make_pledged_loan(parties)), market_day(now())
    record_entry(parties.officer, pledge.id, EntryKind.EXTENSION, "Y2026-E1", today, now())
    with pytest.raises(EntryRecorded):
        record_entry(parties.officer, pledge.id, EntryKind.EXTENSION, "Y2026-E1", today, now())
    for day in (today + timedelta(days=1), today - timedelta(days=400)):
        with pytest.raises(Malformed):
            record_entry(parties.officer, pledge.id, EntryKind.AMENDMENT, "Y2026-A1", day, now())
    with pytest.raises(EntryNotPossible):
        record_entry(parties.officer, pledge.id, EntryKind.CANCELLATION, "Y2026-C1", today, now())
    with pytest.raises(WrongActor):
        record_entry(parties.holder, pledge.id, EntryKind.AMENDMENT, "Y2026-A1", today, now())
    end_pledge(parties.officer, pledge, PledgeStatus.RELEASED, "released", now())
    record_entry(parties.officer, pledge.id, EntryKind.CANCELLATION, "Y2026-C1", today, now())
    assert [one.kind for one in entries_of(pledge.id)] == [EntryKind.EXTENSION, EntryKind.CANCELLATION]


@pytest.mark.parametrize(("maximum", "applied"), [(True, 6_000), (False, 10_000)])
def test_a_maximum_amount_pledge_pays_no_more_than_its_maximum(parties: Parties, maximum: bool, applied: int) -> None:
    loan = make_running_loan(parties, maximum_pledge=maximum, ip_secured=cny(6_000))
    pledge = pledge_of(loan)
    assert pledge.maximum is maximum
    loan.status, loan.called_on = LoanStatus.DEFAULTED, market_day(now())
    assert loan.disbursed_on is not None
    receipt = Receipt(amount=cny(15_000), received_on=loan.disbursed_on, bank_reference="SALE-1")
    realisation = realise_pledge(parties.approver, pledge.id, receipt, cny(500), now())
    assert (realisation.applied, realisation.surplus) == (cny(applied), cny(14_500 - applied))


def test_papers_and_entries_over_http(parties: Parties, client: FlaskClient, sign_in: Any, db: Any) -> None:
    loan = make_pledged_loan(parties, maximum_pledge=True)
    pledge, rival = pledge_of(loan), make_bank()[0]
    db.commit()
    api, page = f"/api/v1/financing/pledges/{pledge.id}", f"/financing/pledges/{pledge.id}"

    def key() -> dict[str, str]:
        return {"Idempotency-Key": uuid4().hex}

    assert client.get(f"{api}/filing-packs/registration").status_code == 401
    sign_in(client, rival)
    assert client.get(f"{api}/filing-packs/registration").status_code == 404
    assert client.get(f"{api}/entries").status_code == 404
    sign_in(client, parties.officer)
    for path in (f"{api}/filing-packs/extension", f"{page}/filing-packs/extension.zip"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert client.get(f"{api}/filing-packs/lunch").status_code == 404
    assert client.get(f"{api}/filing-packs/cancellation").get_json()["code"] == "pack_not_ready"
    given = {"kind": "amendment", "number": "Y-A1", "entered_on": market_day(now()).isoformat()}
    assert client.post(f"{api}/entries", json=given | {"kind": "party"}, headers=key()).status_code == 422
    assert client.post(f"{api}/entries", json=given, headers=key()).status_code == 201
    assert client.post(f"{page}/entries", data=given | {"number": "Y-A2"}, headers=key()).status_code == 303
    assert [one["number"] for one in client.get(f"{api}/entries").get_json()["items"]] == ["Y-A1", "Y-A2"]
    shown = client.get(f"/financing/loans/{loan.id}?lang=zh").get_data(as_text=True)
    assert "最高额质押" in shown and "Y-A2" in shown and "变更或延期登记材料" in shown

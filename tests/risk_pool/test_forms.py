"""The printed forms A to J: each says what the platform keeps, to those who may see it, when the step has happened."""

from typing import Any

import pytest

from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.documents import contracts_pdf
from marketplace.financing.disbursement import disburse_loan
from marketplace.risk_pool import forms, recoveries
from marketplace.risk_pool.forms import FormNotReady, print_form
from tests.makers.financing import make_parties, make_pledged_loan
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, TODAY, World, cny, make_scheme, make_world


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What goes into the PDF, looked at before it is laid out."""
    seen: list[dict[str, Any]] = []

    def keep(name: str, context: Any) -> bytes:
        seen.append(contracts_pdf.contract_data(name, context))
        return b"%PDF"

    monkeypatch.setattr(forms, "render_pdf", keep)
    return seen


def cells(data: dict[str, Any]) -> str:
    clauses = " ".join(clause["text"]["zh"] + clause["text"]["en"] for clause in data["clauses"])
    return clauses + " ".join(cell for row in data["rows"] for cell in row)


def test_an_enrolment_is_applied_for_and_confirmed_on_paper_only_once_it_is_so(
    world: World, printed: list[dict[str, Any]]
) -> None:
    scheme = make_scheme(world)
    draft = world.proposed(scheme, world.loan())
    print_form(world.officer, "a", draft.id, None, NOW)
    with pytest.raises(FormNotReady):
        print_form(world.officer, "c", draft.id, None, NOW)
    enrolled = world.enrolled(scheme, world.loan())
    print_form(world.reviewer, "c", enrolled.id, None, NOW)
    assert printed[0]["title"] == {"zh": "表A 入库申请表", "en": "Form A: Application for enrolment"}
    assert "CNY 3,000,000.00" in cells(printed[1]) and "CNY 1,500,000.00" in cells(printed[1])
    with pytest.raises(NotFound):
        print_form(make_actor(kind="bank"), "a", draft.id, None, NOW)


def test_claim_recovery_and_write_off_are_printed_with_what_each_party_bears(
    world: World, printed: list[dict[str, Any]]
) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    claim = world.compensated(enrolment)
    print_form(world.officer, "f", claim.id, None, NOW)
    assert all(amount in cells(printed[0]) for amount in ("CNY 1,500,000.00", "CNY 900,000.00", "CNY 300,000.00"))
    with pytest.raises(FormNotReady):
        print_form(world.approver, "g", claim.id, None, NOW)
    recoveries.record_recovery(world.officer, claim.id, cny(600_000), cny(100_000), (TODAY, "collateral", "R1"), NOW)
    print_form(world.officer, "j", claim.id, None, NOW)
    assert "CNY 250,000.00" in cells(printed[1]) and "CNY 150,000.00" in cells(printed[1])
    assert [letter for letter, _id in forms.forms_of_enrolment(enrolment)] == ["a", "b", "c", "f", "j"]


def test_lists_are_the_administrators_and_a_bank_prints_its_own_papers_only(
    world: World, printed: list[dict[str, Any]]
) -> None:
    enrolment = world.enrolled(make_scheme(world), world.loan())
    print_form(world.reviewer, "d", world.pool.id, None, NOW)
    print_form(world.reviewer, "e", world.pool.id, None, NOW)
    assert len(printed[0]["rows"]) == 1 and printed[1]["rows"] == []
    for letter in "hi":
        print_form(world.officer, letter, world.pool.id, None, NOW)
        print_form(world.reviewer, letter, world.pool.id, enrolment.bank_id, NOW)
    assert "50%" in cells(printed[-1]) and printed[-1]["signed"]
    rival = make_actor(kind="bank")
    for letter, bank_id in (("d", None), ("h", enrolment.bank_id), ("z", None), ("de", None)):
        with pytest.raises(NotFound):
            print_form(rival, letter, world.pool.id, bank_id, NOW)


def test_a_form_is_a_real_pdf_on_the_page_with_the_plan_of_a_real_loan(client: Any, sign_in: Any, db: Any) -> None:
    from tests.risk_pool.test_real_loans import enrol

    world, parties = make_world({}), make_parties()
    loan = make_pledged_loan(parties)
    enrolment = enrol(world, parties, loan)
    disburse_loan(parties.approver, loan.id, now())
    db.commit()
    path = f"/risk-pool/forms/b/{enrolment.id}.pdf"
    assert sign_in(client, make_actor(kind="bank")).get(path).status_code == 404
    answer = sign_in(client, parties.officer).get(path)
    assert (answer.content_type, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert path in client.get(f"/risk-pool/enrolments/{enrolment.id}").text
    assert client.get(f"/risk-pool/forms/h/{world.pool.id}.pdf?bank=x").status_code == 422

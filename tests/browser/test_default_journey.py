"""From a default to the shared recovery, by keyboard: the bank's officer and two people of the pool."""

from pathlib import Path
from typing import Any

import pytest

from marketplace.risk_pool.claims import ClaimDocumentKind
from tests.browser.conftest import DemoServer, Reader

pytestmark = pytest.mark.browser

SHARED = {"zh": "追偿所得的分配", "en": "How the recovery was shared"}
IN_DEFAULT = (
    "SELECT e.id FROM risk_pool_enrolments e JOIN loans l ON l.id = e.loan_id WHERE l.status = 'defaulted' "
    "AND NOT EXISTS (SELECT FROM risk_pool_claims c WHERE c.enrolment_id = e.id) ORDER BY e.id LIMIT 1"
)
OWED = "SELECT l.outstanding_minor FROM loans l JOIN risk_pool_enrolments e ON e.loan_id = l.id WHERE e.id = %s"
OF_THE_BANK = (
    "SELECT m.person_id FROM memberships m JOIN risk_pool_enrolments e ON e.bank_id = m.organisation_id "
    "WHERE e.id = %s AND m.role = 'officer'"
)
OF_THE_POOL = (
    "SELECT m.person_id FROM memberships m JOIN organisations o ON o.id = m.organisation_id "
    "WHERE o.kind = 'pool_administrator' AND m.role = %s"
)


@pytest.mark.parametrize("language", SHARED)
def test_a_defaulted_loan_is_claimed_compensated_and_its_recovery_shared_back(
    demo_server: DemoServer, reader: Any, tmp_path: Path, language: str
) -> None:
    enrolment = demo_server.ask(IN_DEFAULT)
    owed = int(demo_server.ask(OWED, enrolment))
    bank, reviewer, approver = (reader(demo_server.url, language) for _person in range(3))
    bank.become(demo_server.ask(OF_THE_BANK, enrolment))
    reviewer.become(demo_server.ask(OF_THE_POOL, "officer"))
    approver.become(demo_server.ask(OF_THE_POOL, "administrator"))
    claim = file_claim(bank, enrolment, owed, tmp_path)
    reviewer.visit(claim)
    reviewer.press('main form[action$="/review"] button')
    reviewer.check()
    reviewer.type_into("reason", "The file is complete")
    reviewer.press('main button[formaction$="/recommendation"]')
    approver.open(claim)
    approver.press('main form[action$="/compensation"] button')
    approver.check()
    bank.open(claim)
    bank.type_into("received", f"{owed // 5 / 100:.2f}")
    bank.type_into("cost", "100.00")
    bank.type_into("bank_reference", f"COURT-{language}")
    bank.press('main form[action$="/recoveries"] button')
    bank.check()
    assert SHARED[language] in bank.page.inner_text("main")


def file_claim(bank: Reader, enrolment: str, owed: int, folder: Path) -> str:
    """Everything the claim needs, one file each; answers the claim's address."""
    bank.visit(f"/risk-pool/enrolments/{enrolment}")
    bank.press(f'main a[href$="/risk-pool/enrolments/{enrolment}/claim"]')
    bank.check()
    bank.type_into("loss", f"{owed / 100:.2f}")
    for kind in ClaimDocumentKind:
        paper = folder / f"{kind.value}.txt"
        paper.write_text(f"fictional {kind.value}")
        bank.page.locator(f"#f-{kind.value}").set_input_files(paper)
    bank.press('main form[action$="/claim"] button')
    bank.check()
    return "/risk-pool/claims/" + bank.page.url.split("/claims/")[1].split("?")[0]

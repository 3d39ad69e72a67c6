"""Loans of several banks, for tests."""

from dataclasses import dataclass, field

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.documents.signatures import sign
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.applications import Application
from marketplace.financing.club_places import ClubPlace
from marketplace.financing.clubs import allow_place, join_club, propose_place, recommend_place
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loans import Loan
from marketplace.financing.pledges import pledges_of_loan
from marketplace.financing.term_sheets import TermSheet, approve_term_sheet, prepare_term_sheet
from tests.makers.financing import (
    Parties,
    cny,
    invitation_of,
    make_application,
    make_bank,
    make_offer,
    make_parties,
    register,
)


@dataclass
class Club:
    """A holder, a lead bank and two other banks that lend one loan of 10,000 together: 5,000, 3,000 and 2,000."""

    parties: Parties = field(default_factory=make_parties)
    second: tuple[Actor, Actor] = field(default_factory=make_bank)
    third: tuple[Actor, Actor] = field(default_factory=make_bank)

    def __post_init__(self) -> None:
        self.application: Application = make_application(self.parties)
        self.sheet: TermSheet = self.prepare()

    def prepare(self, **changes: object) -> TermSheet:
        """The lead's offer, to be made together."""
        invitation = invitation_of(self.application, self.parties.officer)
        offer = make_offer(together=True, upfront_fee=cny(100), **changes)
        return prepare_term_sheet(self.parties.officer, invitation.id, offer, now())

    def propose(self, bank: tuple[Actor, Actor], yuan: int) -> ClubPlace:
        """The lead proposes a bank with its part."""
        bank_id = bank[0].organisation_id
        assert bank_id is not None
        return propose_place(self.parties.officer, self.sheet.id, bank_id, cny(yuan), now())

    def ask(self, bank: tuple[Actor, Actor], yuan: int) -> ClubPlace:
        """A place that the borrower has allowed."""
        return allow_place(self.parties.holder, self.propose(bank, yuan).id, now())

    def join(self, bank: tuple[Actor, Actor], yuan: int) -> ClubPlace:
        """A bank that has joined."""
        place = self.ask(bank, yuan)
        recommend_place(bank[0], place.id, "A sound borrower", now())
        return join_club(bank[1], place.id, now())

    def offered(self) -> TermSheet:
        """The offer of all three, out."""
        self.join(self.second, 3_000)
        self.join(self.third, 2_000)
        return approve_term_sheet(self.parties.approver, self.sheet.id, now())

    def agreed(self) -> Loan:
        """The loan, accepted."""
        return accept_term_sheet(self.parties.holder, self.offered().id, [], now())

    def signed(self) -> Loan:
        """The loan, signed by everybody and pledged."""
        loan = self.agreed()
        assert loan.envelope_id is not None
        for actor in (self.parties.holder, self.parties.officer, self.second[0], self.third[0]):
            sign(actor, loan.envelope_id, now())
        for pledge in pledges_of_loan(loan.id):
            assert pledge.envelope_id is not None
            sign(self.parties.holder, pledge.envelope_id, now())
            sign(self.parties.officer, pledge.envelope_id, now())
            register(self.parties, pledge)
        return loan

    def running(self) -> Loan:
        """The loan, paid out today."""
        return disburse_loan(self.parties.approver, self.signed().id, now())

    @property
    def banks(self) -> list[Actor]:
        """One person of each bank, the lead first."""
        return [self.parties.officer, self.second[0], self.third[0]]

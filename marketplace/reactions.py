"""When a fact is announced, these functions answer, in the same transaction. The whole choreography is on this page."""

from collections.abc import Sequence

from marketplace.core.events import Fact, Reaction
from marketplace.deals import (
    auction_changes,
    auction_listing,
    auction_news,
    bidders,
    closing,
    contracts,
    cross_licences,
    enforcement_course,
    invoicing,
    news,
    price_lessons,
    quotation_news,
    royalties,
    royalty_audits,
    royalty_news,
    settlement,
    won_lots,
)
from marketplace.deals.auction_changes import LotTermsChanged
from marketplace.deals.auction_closing import AuctionUnsold, AuctionWon, OpeningDue
from marketplace.deals.bidders import DepositReturned
from marketplace.deals.cross_licences import CrossLicenceAccepted
from marketplace.deals.deals import DealCancelled, DealFundsHeld, DealOpened, DealRefunding, DealReleased
from marketplace.deals.messages import MessageSent
from marketplace.deals.negotiations import NegotiationEnded, OfferMade
from marketplace.deals.opening_ceremony import EnvelopesOpened
from marketplace.deals.quotations import FinalRoundCalled, QuotationAsked, QuotationEnded, QuoteMade, QuoteTakenBack
from marketplace.deals.royalties import RoyaltyPaid, RoyaltyReported
from marketplace.deals.royalty_audits import RoyaltyAuditAsked, RoyaltyShortfallFound
from marketplace.deals.second_chances import BuyerDefaulted, SecondChanceOffered
from marketplace.deals.settlement import PledgeePaid
from marketplace.documents import room_access, stamping
from marketplace.documents.signatures import EnvelopeCompleted, EnvelopeDeclined, EnvelopeExpired
from marketplace.financing import (
    agreements,
    amendment_news,
    borrower_statements,
    club_news,
    consent_checks,
    consent_news,
    covenant_news,
    covenant_tests,
    enforcement,
    exposure,
    indications,
    margin_answers,
    margin_news,
    monitoring_news,
    pledges,
    receivable_news,
    receivables,
    underwriting_files,
)
from marketplace.financing import news as loan_news
from marketplace.financing.agreements import LoanCancelled, TermSheetAccepted
from marketplace.financing.amendments import AmendmentMoved
from marketplace.financing.applications import ApplicationFiled, ApplicationWithdrawn, InvitationDeclined
from marketplace.financing.club_votes import ClubVoted
from marketplace.financing.clubs import ClubPlaceMoved
from marketplace.financing.covenant_tests import CovenantTestMoved
from marketplace.financing.covenants import CovenantAgreed, CovenantDropped
from marketplace.financing.enforcement import PledgeRealised
from marketplace.financing.loans import InstalmentMissed, LoanClassified, LoanDefaulted, LoanDisbursed, LoanPaidOff
from marketplace.financing.margin_answers import MarginAnswerMoved
from marketplace.financing.margin_calls import MarginCallMoved
from marketplace.financing.monitoring import SecurityWeakened
from marketplace.financing.pledges import PledgeRefused, PledgeRegistered, PledgeReleased
from marketplace.financing.receivables import ReceivableMoved
from marketplace.financing.repayments import RepaymentReceived
from marketplace.financing.sale_consents import ConsentMoved
from marketplace.financing.term_sheets import TermSheetOffered, TermSheetPrepared, TermSheetWithdrawn
from marketplace.identity import api_keys, sessions
from marketplace.identity.api_keys import ApiKeyIssued
from marketplace.identity.credit_flags import CreditFlagMoved
from marketplace.identity.invitations import MemberInvited
from marketplace.identity.passwords import PasswordChanged, PasswordResetAsked
from marketplace.identity.people import MemberJoined, MemberRemoved
from marketplace.identity.verification import (
    OrganisationApproved,
    OrganisationReinstated,
    OrganisationReturned,
    OrganisationSubmitted,
    OrganisationSuspended,
)
from marketplace.listings import course, indexing, need_answers, offer_lessons, watchlists
from marketplace.listings.course import ListingMoved
from marketplace.listings.listings import ListingPublished, ListingTermsChanged
from marketplace.listings.need_answers import NeedAnswered
from marketplace.listings.needs import NeedEnded
from marketplace.notices import identity_news, letters
from marketplace.payments import dispute_news, invoice_news
from marketplace.payments.collections import PaymentCollected
from marketplace.payments.disputes import DisputeEnded, PaymentDisputed
from marketplace.payments.invoices import InvoiceCredited, InvoiceIssued
from marketplace.registry.consents import ConsentRecorded, ConsentWithdrawn
from marketplace.registry.encumbrances import EncumbranceEntered
from marketplace.registry.owner_names import OwnerNamesDecided
from marketplace.registry.ownership import OwnershipRegistered, OwnershipTransferred
from marketplace.registry.rights import LicenceGranted
from marketplace.registry.statuses import AssetStatusChanged
from marketplace.risk_pool import aid_news, replenishment_news, take_over_news
from marketplace.risk_pool import monitoring as pool_monitoring
from marketplace.risk_pool import news as pool_news
from marketplace.risk_pool.claims import ClaimMoved
from marketplace.risk_pool.compensation import ClaimCompensated
from marketplace.risk_pool.enrolments import EnrolmentMoved
from marketplace.risk_pool.halts import PoolReopened, PoolWasHalted
from marketplace.risk_pool.premiums import PremiumMoved
from marketplace.risk_pool.recoveries import RecoveryShared
from marketplace.risk_pool.replenishments import PoolReplenished, ReplenishmentRecorded, ReplenishmentRefused
from marketplace.risk_pool.standings import BankWasSuspended, SuspensionLifted
from marketplace.risk_pool.subsidies import SubsidyMoved
from marketplace.risk_pool.take_overs import TakeOverMoved
from marketplace.valuation import drift_watch, review_news
from marketplace.valuation.reviews import ReviewMoved
from marketplace.valuation.sales import SaleRecorded

REACTIONS: dict[type[Fact], Sequence[Reaction]] = {
    # identity
    MemberInvited: [letters.send_invitation_later],
    CreditFlagMoved: [identity_news.tell_flagged],
    MemberJoined: [identity_news.tell_joined],
    MemberRemoved: [sessions.end_sessions_of_member, api_keys.revoke_keys_of_member, identity_news.tell_removed],
    ApiKeyIssued: [identity_news.tell_key_issued],
    PasswordResetAsked: [letters.send_reset_later],
    PasswordChanged: [identity_news.tell_password_changed],
    OrganisationSubmitted: [identity_news.tell_operators],
    OrganisationApproved: [identity_news.tell_approved],
    OrganisationReinstated: [identity_news.tell_approved],
    OrganisationReturned: [identity_news.tell_returned],
    OrganisationSuspended: [identity_news.tell_suspended],
    # registry
    OwnershipRegistered: [course.suspend_if_refused],
    OwnershipTransferred: [course.suspend_if_refused],
    EncumbranceEntered: [course.suspend_if_refused],
    ConsentRecorded: [consent_checks.refuse_consent_elsewhere],
    ConsentWithdrawn: [course.suspend_if_refused],
    LicenceGranted: [course.suspend_if_refused],
    AssetStatusChanged: [course.suspend_if_refused],
    OwnerNamesDecided: [indexing.follow_owner_names],
    # listings
    ListingPublished: [
        consent_checks.check_listed_price,
        enforcement_course.require_notice,
        auction_listing.announce_lot,
        offer_lessons.note_published,
    ],
    ListingTermsChanged: [
        consent_checks.check_listed_price,
        enforcement_course.keep_notice,
        auction_changes.follow_terms,
        watchlists.tell_watchers,
    ],
    NeedAnswered: [need_answers.tell_buyer],
    NeedEnded: [need_answers.tell_answerers],
    # auctions
    ListingMoved: [enforcement_course.note_listing, auction_listing.follow_listing, offer_lessons.note_taken_back],
    AuctionWon: [enforcement_course.note_sold, won_lots.open_deal_for_winner, auction_news.tell_won],
    DepositReturned: [auction_news.tell_returned],
    SecondChanceOffered: [auction_news.tell_chance],
    LotTermsChanged: [auction_news.tell_terms_changed],
    OpeningDue: [auction_news.tell_opening_due],
    EnvelopesOpened: [auction_news.tell_last_word],
    BuyerDefaulted: [won_lots.end_defaulted_deal],
    AuctionUnsold: [
        enforcement_course.note_unsold,
        offer_lessons.note_unsold_lot,
        auction_listing.close_unsold_listing,
        auction_news.tell_unsold,
    ],
    # deals
    OfferMade: [news.tell_offer],
    QuotationAsked: [quotation_news.tell_asked],
    FinalRoundCalled: [quotation_news.tell_asked],
    QuotationEnded: [quotation_news.tell_asked],
    QuoteMade: [quotation_news.tell_asker],
    QuoteTakenBack: [quotation_news.tell_asker],
    NegotiationEnded: [news.tell_negotiation_ended],
    MessageSent: [news.tell_message],
    CrossLicenceAccepted: [contracts.draw_up_cross_licence],
    DealOpened: [
        enforcement_course.require_open_sale,
        consent_checks.check_deal_price,
        contracts.draw_up_contract,
        news.tell_opened,
    ],
    EnvelopeCompleted: [
        stamping.stamp_later,
        room_access.admit_signatory,
        settlement.ask_for_payment,
        cross_licences.enter_licences,
        news.tell_payment_due,
        pledges.note_signature,
        receivables.note_signature,
    ],
    EnvelopeDeclined: [
        settlement.cancel_unsigned_deal,
        cross_licences.end_unsigned_cross_licence,
        agreements.end_unsigned_loan,
        margin_answers.drop_unsigned_pledge,
        receivables.drop_unsigned,
    ],
    EnvelopeExpired: [
        settlement.cancel_unsigned_deal,
        cross_licences.end_unsigned_cross_licence,
        agreements.end_unsigned_loan,
        margin_answers.drop_unsigned_pledge,
        receivables.drop_unsigned,
    ],
    PaymentCollected: [
        settlement.receive_payment,
        bidders.admit_when_paid,
        royalties.receive_royalty,
        royalty_audits.receive_shortfall,
    ],
    DealFundsHeld: [closing.plan_closing, won_lots.complete_lot, news.tell_funds_held],
    PledgeePaid: [enforcement.take_sale_proceeds],
    DealReleased: [
        enforcement.end_pledges_of_sale,
        invoicing.invoice_fee,
        news.tell_released,
        price_lessons.teach_price,
        royalties.begin_royalties,
    ],
    ReviewMoved: [review_news.tell_review],
    PaymentDisputed: [dispute_news.tell_disputed],
    DisputeEnded: [dispute_news.tell_disputed],
    SaleRecorded: [drift_watch.watch_drift],
    InvoiceIssued: [invoice_news.tell_invoiced],
    InvoiceCredited: [invoice_news.tell_invoiced],
    RoyaltyReported: [royalty_news.tell_reported],
    ReceivableMoved: [receivable_news.tell_receivable],
    RoyaltyPaid: [receivable_news.tell_royalty, royalty_news.tell_paid],
    RoyaltyAuditAsked: [royalty_news.tell_inspection],
    RoyaltyShortfallFound: [royalty_news.tell_inspection],
    DealCancelled: [won_lots.default_lot, won_lots.end_part, news.tell_ended],
    DealRefunding: [won_lots.end_part, news.tell_ended],
    # financing and the risk pool
    ApplicationFiled: [indications.store_indications, borrower_statements.show_to_invited, loan_news.tell_asked],
    ApplicationWithdrawn: [loan_news.tell_withdrawn],
    InvitationDeclined: [loan_news.tell_declined],
    TermSheetPrepared: [exposure.require_within_exposure, underwriting_files.keep_with_offer, loan_news.tell_prepared],
    TermSheetOffered: [exposure.require_within_exposure, indications.compare_offer, loan_news.tell_offered],
    ClubPlaceMoved: [
        exposure.require_room_in_club,
        underwriting_files.keep_with_place,
        borrower_statements.show_to_asked,
        club_news.tell_place,
    ],
    ClubVoted: [club_news.tell_answer],
    CovenantAgreed: [covenant_news.tell_offer],
    CovenantDropped: [covenant_news.tell_offer],
    CovenantTestMoved: [covenant_news.tell_test],
    TermSheetWithdrawn: [loan_news.tell_offer_withdrawn],
    TermSheetAccepted: [loan_news.tell_agreed],
    LoanCancelled: [loan_news.tell_given_up],
    PledgeRegistered: [loan_news.tell_registered, margin_answers.note_pledge],
    PledgeRefused: [loan_news.tell_refused],
    PledgeReleased: [loan_news.tell_released, margin_answers.note_pledge],
    MarginCallMoved: [margin_news.tell_call],
    MarginAnswerMoved: [margin_news.tell_answer],
    ConsentMoved: [consent_news.tell_consent],
    AmendmentMoved: [covenant_tests.lay_out_tests, amendment_news.tell_amendment],
    PledgeRealised: [loan_news.tell_realised],
    SecurityWeakened: [monitoring_news.tell_weakened, pool_news.tell_weakened],
    LoanDisbursed: [covenant_tests.lay_out_tests, pool_monitoring.start_with_loan, loan_news.tell_disbursed],
    InstalmentMissed: [pool_monitoring.follow_class, loan_news.tell_missed],
    RepaymentReceived: [pool_monitoring.share_repayment, margin_answers.note_repayment],
    EnrolmentMoved: [pool_news.tell_enrolment],
    ClaimMoved: [pool_news.tell_claim],
    ClaimCompensated: [pool_news.tell_compensated],
    RecoveryShared: [pool_news.tell_recovered],
    BankWasSuspended: [pool_news.tell_standing],
    SuspensionLifted: [pool_news.tell_standing],
    PoolWasHalted: [pool_news.tell_halt],
    PoolReopened: [pool_news.tell_halt],
    PremiumMoved: [aid_news.tell_premium],
    SubsidyMoved: [aid_news.tell_subsidy],
    ReplenishmentRecorded: [replenishment_news.tell_recorded],
    PoolReplenished: [replenishment_news.tell_confirmed],
    ReplenishmentRefused: [replenishment_news.tell_refused],
    TakeOverMoved: [take_over_news.tell_take_over],
    LoanClassified: [pool_monitoring.follow_class],
    LoanDefaulted: [pool_monitoring.follow_class, loan_news.tell_defaulted],
    LoanPaidOff: [covenant_tests.end_tests, pool_monitoring.end_when_paid, loan_news.tell_paid_off],
}


def answers_to(kind: type[Fact]) -> Sequence[Reaction]:
    """The functions that answer a fact of this kind."""
    return REACTIONS.get(kind, ())

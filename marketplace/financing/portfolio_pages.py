"""The page of a bank's book from several sides and under stress, and the loans that warn."""

from flask import render_template, request
from marshmallow import ValidationError

from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.fields import flat_errors
from marketplace.core.http import current_actor, needs
from marketplace.financing import portfolio, stressed_books
from marketplace.financing.due_dates import business_date
from marketplace.financing.monitoring_schemas import ShockIn
from marketplace.financing.pages_blueprint import pages
from marketplace.financing.stressed_books import Asked
from marketplace.identity.organisations import names_of


@pages.get("/financing/portfolio")
@needs("loan.underwrite")
def show_portfolio() -> str:
    """My bank's book by field, region or year, under a stated shock, and which loans warn."""
    actor = current_actor()
    assert actor.organisation_id is not None
    asked = shock_asked()
    today = business_date(now())
    loudest = portfolio.loudest_of_bank(actor.organisation_id, today)
    return render_template(
        "financing/portfolio.html",
        asked=asked,
        book=stressed_books.book_of_bank(actor, asked, today),
        cuts=[cut for cut in portfolio.Cut if cut is not portfolio.Cut.BANK],
        loudest=loudest,
        names=names_of(loan.borrower_id for _check, loan in loudest),
    )


def shock_asked() -> Asked:
    """The cut and the shock in the address; percentages out of bounds are refused."""
    given = {name: value for name, value in request.args.items() if value and name != "lang"}
    try:
        return Asked(**ShockIn().load(given))
    except ValidationError as error:
        raise Malformed(errors=flat_errors(error.messages_dict)) from error

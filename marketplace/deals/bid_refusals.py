"""Why a bid is refused."""

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l


class LotNotOpen(Refused):
    """Bidding has not begun."""

    message = _l("Bidding on this lot has not begun.")


class LotSuspended(Refused):
    """The register changed under the lot; nobody may bid until that is mended."""

    message = _l("This lot is suspended because the register changed. No bids are taken until it is clear.")


class BidTooLow(Refused):
    """The amount is below the smallest acceptable bid at the moment of acceptance."""

    message = _l("Bid at least %(minimum_acceptable)s.")


class DepositMissing(Refused):
    """No deposit of this organisation is held for the lot."""

    message = _l("Register for this lot and place the deposit before you bid.")


class WrongCurrency(Refused):
    """The lot is sold in another currency."""

    message = _l("This lot is sold in %(currency)s.")


class NoOpenBids(Refused):
    """The price of this lot is found in another way."""

    message = _l("This lot is not sold by open bids. Read its rules to see how to take part.")


class NoProxyHere(Refused):
    """The rules of this lot take no secret maxima."""

    message = _l("This lot takes no secret maximum: bid the amount you mean.")


class BuyNowOver(Refused):
    """Buying outright ended with the first bid, or the price is not the announced one."""

    message = _l("Buying outright is not possible (any more) at this price.")

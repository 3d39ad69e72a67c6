"""What listings tell people."""

from marketplace.core.i18n import _l
from marketplace.notices.wording import say

LISTING_CHANGED = "listing_changed"
LISTING_SUSPENDED = "listing_suspended"
SEARCH_MATCHES = "search_matches"

say(
    LISTING_CHANGED,
    subject=_l("New terms: %(title)s"),
    text=_l("The terms of a listing you watch have changed. Compare the versions before you bid or offer again."),
)
say(
    LISTING_SUSPENDED,
    subject=_l("Your listing was suspended: %(title)s"),
    text=_l("The register no longer allows this offer: %(reason)s"),
)
say(
    SEARCH_MATCHES,
    subject=_l("%(count)s new matches: %(name)s"),
    text=_l(
        "These match your saved search and were not told before:\n%(assets)s\nTo hear no more of this search: %(stop)s"
    ),
)

"""What listings tell people."""

from marketplace.core.i18n import _l
from marketplace.notices.wording import say

LISTING_CHANGED = "listing_changed"
LISTING_SUSPENDED = "listing_suspended"
SEARCH_MATCHES = "search_matches"
NEED_ANSWERED = "need_answered"
NEED_ENDED = "need_ended"
NEED_MATCHES = "need_matches"

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
say(
    NEED_ANSWERED,
    subject=_l("An answer to what you seek: %(title)s"),
    text=_l("A holder shows you a listing. Open the need to see it with the other answers."),
)
say(
    NEED_ENDED,
    subject=_l("A need you answered is over: %(title)s"),
    text=_l("The buyer found something, withdrew the need, or its time ran out. The page says which."),
)
say(
    NEED_MATCHES,
    subject=_l("Somebody seeks what you have: %(title)s"),
    text=_l(
        "Your asset “%(asset)s” answers this need with %(score)s of 100 points. The page says why. "
        "To hear no more of needs, turn the notices off on the page “Needs”."
    ),
)

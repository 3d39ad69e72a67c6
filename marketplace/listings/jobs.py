"""What happens by itself: the index follows the database, saved searches are run, old changes are forgotten."""

import logging
from threading import Event

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.jobs import beside_worker, every
from marketplace.listings.course import suspend_expired
from marketplace.listings.indexing import forget_old_changes
from marketplace.listings.likeness import learned
from marketplace.listings.likeness_training import learn_likeness
from marketplace.listings.need_alerts import tell_holders
from marketplace.listings.needs import expire_needs
from marketplace.listings.reading import follower
from marketplace.listings.saved_searches import tell_new_matches

PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


@beside_worker
def follow_changes(stopping: Event) -> None:
    """Keep this machine's search index within a second of the database."""
    following = follower()
    while not stopping.wait(PAUSE_SECONDS):
        try:
            following.catch_up()
            session.commit()
        except Exception:  # the follower outlives a database restart; the next round tries again
            log.exception("search index: this round failed")
        finally:
            session.remove()


@every("* * * * *", "listings.tell_new_matches")
def tell_matches() -> None:
    """Saved searches that are due are run."""
    tell_new_matches(now())


@every("* * * * *", "listings.expire_needs")
def end_needs_in_time() -> None:
    """Needs end when their time is over."""
    expire_needs(now())


@every("11 * * * *", "listings.tell_holders_of_needs")
def tell_holders_of_needs() -> None:
    """Holders who asked for it hear of needs their assets answer."""
    tell_holders(now())


@every("7 0 * * *", "listings.suspend_expired")
def suspend_expired_listings() -> None:
    """Offers of rights that ended yesterday go off the market."""
    suspend_expired(now())


@every("43 2 * * 0", "listings.learn_likeness")
def learn_which_are_alike() -> None:
    """Once a week the likeness of texts is learned anew, where it was ever learned."""
    if learned() is not None:
        learn_likeness(now())


@every("17 3 * * *", "listings.forget_old_changes")
def forget_changes() -> None:
    """Changes every index has long followed are dropped."""
    forget_old_changes(now())

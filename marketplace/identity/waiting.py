"""What identity puts on the dashboard: verifications to decide, one's own to finish, a second factor to set up."""

from datetime import datetime

from flask import url_for

from marketplace.core.actor import Actor
from marketplace.core.http import Waiting, dashboard_provider
from marketplace.core.i18n import _
from marketplace.identity.organisations import OrganisationStatus, own_organisation
from marketplace.identity.verification import organisations_with_status


@dashboard_provider
def verifications_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """For verifiers: how many organisations wait."""
    if not actor.may("platform.verify"):
        return []
    count = len(organisations_with_status(actor, OrganisationStatus.SUBMITTED))
    text = _("%(count)s organisations wait to be verified", count=count)
    return [Waiting(text, url_for("identity.verification_queue"))] if count else []


@dashboard_provider
def own_verification_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """For members: an organisation that is not registered or not verified yet."""
    if actor.organisation_id is None:
        return [Waiting(_("Register your organisation"), url_for("identity.new_organisation"))]
    if not actor.may("org.manage") or actor.approved:
        return []
    if not own_organisation(actor).may_be_corrected():
        return []
    return [Waiting(_("Submit your organisation for verification"), url_for("identity.organisation"))]

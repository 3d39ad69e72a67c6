"""Signed contracts get the time stamp of an independent authority, after the signature and beside the sealed file."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.core.jobs import enqueue
from marketplace.core.time_stamps import stamping_is_on
from marketplace.documents.files import StoredFile, read_file, show_file, store_own_pdf
from marketplace.documents.seal import stamp_pdf
from marketplace.documents.signatures import Envelope, EnvelopeCompleted


def stamp_later(_actor: Actor, fact: EnvelopeCompleted, _now: datetime) -> None:
    """Nobody waits for the authority while signing: a job asks it, and asks again when it does not answer."""
    if stamping_is_on():
        enqueue("documents.stamp_contract", envelope_id=str(fact.envelope_id))


def stamp_contract(envelope_id: UUID, now: datetime) -> None:
    """Append the authority's time stamp to a copy of the sealed file; a second time nothing happens."""
    envelope = find(Envelope, envelope_id, lock=True)
    if envelope.sealed_file_id is None or envelope.stamped_file_id is not None:
        return
    sealed = find(StoredFile, envelope.sealed_file_id)
    content = stamp_pdf(read_file(SYSTEM, sealed.id, now))
    stamped = store_own_pdf(content, f"stamped-{sealed.name}", "stamped_contract", now, sealed.owner_organisation_id)
    for place in envelope.signatories:
        show_file(SYSTEM, stamped.id, place.organisation_id, now)
    envelope.stamped_file_id = stamped.id
    session.flush()

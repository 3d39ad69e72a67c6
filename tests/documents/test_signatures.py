"""Signing: in order, freshly authenticated, declined, expired; sealed so that tampering shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.errors import NotFound, Problem
from marketplace.documents import signatures
from marketplace.documents.files import read_file, store_file
from marketplace.documents.seal import seal_is_intact
from marketplace.documents.signatures import Envelope, EnvelopeStatus, decline, expire_envelopes, open_envelope, sign
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.identity.verification import KycRequired
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor

NOW = datetime.now(UTC)


def make_envelope(*signers: Actor) -> Envelope:
    file = store_file(SYSTEM, make_pdf(), "contract.pdf", "contract", NOW)
    return open_envelope(SYSTEM, file.id, [one.organisation_id for one in signers if one.organisation_id], NOW)


def test_the_last_signature_seals_the_file_and_leaves_evidence(db: Any) -> None:
    seller, buyer = make_actor(), make_actor()
    envelope = make_envelope(seller, buyer)
    sign(seller, envelope.id, NOW, signatures.ClientTrace("203.0.113.5", "Browser"))
    assert envelope.status is EnvelopeStatus.OPEN and envelope.sealed_file_id is None
    sign(buyer, envelope.id, NOW)
    assert envelope.status is EnvelopeStatus.COMPLETED
    first, second = envelope.signatories
    assert first.hash_after == second.hash_before and first.address == "203.0.113.5"
    sealed = read_file(seller, envelope.sealed_file_id)
    assert sealed.startswith(make_pdf()) and seal_is_intact(sealed)
    assert read_file(buyer, envelope.certificate_file_id).startswith(b"%PDF")


def test_a_changed_sealed_file_is_seen_to_be_changed(db: Any) -> None:
    signer = make_actor()
    envelope = make_envelope(signer)
    sign(signer, envelope.id, NOW)
    sealed = bytearray(read_file(signer, envelope.sealed_file_id))
    place = sealed.index(b"/Title")
    sealed[place + 9] ^= 1
    assert not seal_is_intact(bytes(sealed))
    assert not seal_is_intact(make_pdf())


def test_nobody_signs_out_of_turn_or_twice_or_for_others(db: Any) -> None:
    seller, buyer, stranger = make_actor(), make_actor(), make_actor()
    envelope = make_envelope(seller, buyer)
    with pytest.raises(signatures.NotYourTurn):
        sign(buyer, envelope.id, NOW)
    with pytest.raises(NotFound):
        sign(stranger, envelope.id, NOW)
    sign(seller, envelope.id, NOW)
    with pytest.raises(signatures.AlreadySigned):
        sign(seller, envelope.id, NOW)


def test_an_old_sign_in_or_an_unverified_organisation_does_not_sign(db: Any) -> None:
    stale = make_actor(authenticated_at=NOW - timedelta(minutes=16))
    with pytest.raises(ReauthenticationRequired):
        sign(stale, make_envelope(stale).id, NOW)
    from marketplace.identity.organisations import OrganisationStatus
    from tests.makers.identity import make_organisation

    unverified = make_actor(make_organisation(status=OrganisationStatus.SUBMITTED))
    with pytest.raises(KycRequired):
        sign(unverified, make_envelope(unverified).id, NOW)


def test_after_a_refusal_or_the_deadline_nobody_can_sign(db: Any) -> None:
    seller, buyer = make_actor(), make_actor()
    declined = make_envelope(seller, buyer)
    decline(seller, declined.id, "Wrong price", NOW)
    assert declined.status is EnvelopeStatus.DECLINED and declined.signatories[0].reason == "Wrong price"
    overdue = make_envelope(seller, buyer)
    with pytest.raises(signatures.EnvelopeOver):
        sign(replace(seller, authenticated_at=overdue.expires_at), overdue.id, overdue.expires_at)
    assert expire_envelopes(overdue.expires_at) >= 1
    assert overdue.status is EnvelopeStatus.EXPIRED


def test_the_database_keeps_signatures_and_their_order(db: Any) -> None:
    seller, buyer = make_actor(), make_actor()
    envelope = make_envelope(seller, buyer)
    with pytest.raises(DBAPIError, match="in order"), db.begin_nested():
        db.execute(text("UPDATE signatories SET signed_at = now(), hash_after = repeat('0', 64) WHERE position = 2"))
    sign(seller, envelope.id, NOW)
    with pytest.raises(DBAPIError, match="never changed"), db.begin_nested():
        db.execute(text("UPDATE signatories SET signed_at = NULL, hash_after = NULL WHERE position = 1"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(["sign", "decline", "expire"]), st.integers(0, 2)), max_size=8))
def test_whatever_is_tried_an_envelope_ends_once_and_signatures_stay_in_order(db: Any, moves: Any) -> None:
    signers = [make_actor() for _ in range(3)]
    envelope = make_envelope(*signers)
    ended: EnvelopeStatus | None = None
    for act, who in moves:
        try:
            if act == "sign":
                sign(signers[who], envelope.id, NOW)
            elif act == "decline":
                decline(signers[who], envelope.id, "because", NOW)
            else:
                expire_envelopes(NOW)
        except Problem:
            pass
        done = [place.signed_at is not None for place in envelope.signatories]
        assert done == sorted(done, reverse=True)
        assert (envelope.status is EnvelopeStatus.COMPLETED) == all(done)
        if ended:
            assert envelope.status is ended
        if envelope.status is not EnvelopeStatus.OPEN:
            ended = envelope.status


def test_the_sign_page_and_its_api(client: FlaskClient, sign_in: Any, db: Any) -> None:
    seller, buyer, stranger = make_actor(), make_actor(), make_actor()
    envelope = make_envelope(seller, buyer)
    db.commit()
    page, address = f"/signatures/{envelope.id}", f"/api/v1/envelopes/{envelope.id}"
    assert client.post(address + "/signature", headers={"Idempotency-Key": "a"}).status_code == 401
    sign_in(client, stranger)
    assert client.get(page).status_code == 404 and client.get(address).status_code == 404
    assert client.post(address + "/signature", headers={"Idempotency-Key": "a"}).status_code == 404
    sign_in(client, buyer)
    assert "Sign now" not in client.get(page + "?lang=en").text
    refused = client.post(address + "/signature", headers={"Idempotency-Key": "b"})
    assert refused.status_code == 409 and refused.json["code"] == "not_your_turn"
    sign_in(client, seller)
    assert "Sign now" in client.get(page + "?lang=en").text
    sign_in(client, seller)
    assert "立即签署" in client.get(page + "?lang=zh").text
    assert client.post(page, data={}).status_code == 422
    assert client.post(page, data={"agreed": "yes"}).status_code == 302
    sign_in(client, buyer)
    assert client.post(address + "/refusal", json={}, headers={"Idempotency-Key": "c"}).status_code == 422
    signed = client.post(address + "/signature", headers={"Idempotency-Key": "d"})
    assert signed.status_code == 200 and signed.json["status"] == "completed"
    assert client.get(f"/files/{signed.json['sealed_file_id']}").status_code == 200
    other = make_envelope(buyer)
    assert client.post(f"/signatures/{other.id}/refusal", data={"reason": "No, thanks"}).status_code == 302
    assert client.get(f"/signatures/{other.id}").status_code == 200

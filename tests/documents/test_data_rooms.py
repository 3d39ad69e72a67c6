"""Data rooms: nothing before the undertaking, permissions obeyed at the next request, every copy marked and logged."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import Actor
from marketplace.core.errors import NotFound
from marketplace.documents import data_rooms, room_access, room_reading, signatures
from marketplace.documents.content_check import FileRefused
from marketplace.documents.data_rooms import DataRoom, RoomDocument, RoomLevel
from marketplace.documents.files import read_file, store_file
from marketplace.identity.organisations import OrganisationStatus
from marketplace.identity.verification import KycRequired
from marketplace.listings.listing_rooms import ask_to_read, open_listing_room
from tests.makers.documents import make_pdf
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing

NOW = datetime.now(UTC)


def make_room(level: RoomLevel = RoomLevel.VIEW) -> tuple[Actor, DataRoom, RoomDocument]:
    """A listing's room with one document."""
    owner = make_actor()
    room = open_listing_room(owner, make_listing(owner).id, NOW)
    file = store_file(owner, make_pdf("secret recipe"), "配方.pdf", "data_room", NOW)
    return owner, room, data_rooms.add_document(owner, room.id, file.id, level, NOW)


def post(client: FlaskClient, place: str, **data: Any) -> Any:
    """Send a form as the page would."""
    return client.post(place, data={"idempotency_key": uuid4().hex, **data})


def admitted(room: DataRoom) -> Actor:
    """A reader who signed the undertaking."""
    reader = make_actor()
    access = ask_to_read(reader, room.subject_id, NOW)
    signatures.sign(reader, access.envelope_id, NOW)
    return reader


def test_a_document_does_not_exist_before_the_undertaking_is_signed(db: Any) -> None:
    _owner, room, document = make_room(RoomLevel.DOWNLOAD)
    reader = make_actor()
    access = ask_to_read(reader, room.subject_id, NOW)
    for attempt in (
        lambda: room_access.enter_room(reader, room.id, NOW),
        lambda: room_reading.page_picture(reader, room.id, document.id, 1, NOW),
        lambda: room_reading.marked_copy(reader, room.id, document.id, NOW),
        lambda: read_file(reader, document.file_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    signatures.sign(reader, access.envelope_id, NOW)
    assert room_reading.page_picture(reader, room.id, document.id, 1, NOW).startswith(b"\x89PNG")
    assert room_reading.marked_copy(reader, room.id, document.id, NOW).content.startswith(b"%PDF")
    with pytest.raises(NotFound):
        read_file(reader, document.file_id)


def test_asking_twice_gives_the_same_paper_and_a_declined_one_may_be_asked_again(db: Any) -> None:
    _owner, room, _document = make_room()
    reader = make_actor()
    first = ask_to_read(reader, room.subject_id, NOW).envelope_id
    assert ask_to_read(reader, room.subject_id, NOW).envelope_id == first
    signatures.decline(reader, first, "Too broad", NOW)
    assert ask_to_read(reader, room.subject_id, NOW).envelope_id != first


def test_an_unverified_organisation_and_the_owner_are_not_admitted(db: Any) -> None:
    owner, room, _document = make_room()
    unverified = make_actor(make_organisation(status=OrganisationStatus.SUBMITTED))
    with pytest.raises(KycRequired):
        ask_to_read(unverified, room.subject_id, NOW)
    with pytest.raises(room_access.OwnRoom):
        ask_to_read(owner, room.subject_id, NOW)


def test_a_viewer_cannot_download_and_an_expired_permission_hides(db: Any) -> None:
    owner, room, document = make_room(RoomLevel.VIEW)
    reader, other = admitted(room), admitted(room)
    with pytest.raises(NotFound):
        room_reading.marked_copy(reader, room.id, document.id, NOW)
    assert reader.organisation_id
    until = NOW + timedelta(hours=1)
    data_rooms.set_permission(owner, room.id, document.id, reader.organisation_id, RoomLevel.DOWNLOAD, until, NOW)
    assert room_reading.marked_copy(reader, room.id, document.id, NOW).name == "配方.pdf"
    with pytest.raises(NotFound):
        room_reading.page_picture(reader, room.id, document.id, 1, until)
    with pytest.raises(NotFound):
        room_reading.marked_copy(other, room.id, document.id, NOW)
    assert room_access.documents_for(reader, room, until) == []


def test_access_taken_back_or_a_document_taken_out_is_gone_at_once(db: Any) -> None:
    owner, room, document = make_room()
    reader = admitted(room)
    assert reader.organisation_id
    room_access.change_access(owner, room.id, reader.organisation_id, NOW, open_=False)
    with pytest.raises(NotFound):
        room_access.enter_room(reader, room.id, NOW)
    with pytest.raises(room_access.AccessTakenBack):
        ask_to_read(reader, room.subject_id, NOW)
    room_access.change_access(owner, room.id, reader.organisation_id, NOW, open_=True)
    room_access.enter_room(reader, room.id, NOW)
    data_rooms.remove_document(owner, room.id, document.id, NOW)
    with pytest.raises(NotFound):
        room_reading.page_picture(reader, room.id, document.id, 1, NOW)


def test_the_log_names_every_page_and_its_mark_and_is_never_changed(db: Any) -> None:
    owner, room, document = make_room(RoomLevel.DOWNLOAD)
    reader = admitted(room)
    room_reading.page_picture(reader, room.id, document.id, 1, NOW)
    room_reading.marked_copy(reader, room.id, document.id, NOW)
    room_reading.page_picture(owner, room.id, document.id, 1, NOW)
    readings = [reading for reading, _name, _person in room_reading.readings_of(owner, room.id)]
    assert [(one.act.value, one.page, one.organisation_id) for one in readings] == [
        ("downloaded", None, reader.organisation_id), ("viewed", 1, reader.organisation_id),
    ]  # fmt: skip
    assert readings[0].mark.endswith(readings[0].id.hex[-8:].upper())
    with pytest.raises(NotFound):
        room_reading.readings_of(reader, room.id)
    with pytest.raises(DBAPIError, match="never changed"), db.begin_nested():
        db.execute(text("DELETE FROM data_room_readings"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("count.pdf", make_pdf("x").replace(b"/Count 1", b"/Count 9")),
        ("table.csv", b"a,b\n1,2\n"),
    ],
)
def test_what_cannot_carry_a_mark_is_not_taken(db: Any, name: str, content: bytes) -> None:
    owner, room, _document = make_room()
    file = store_file(owner, content, name, "data_room", NOW)
    with pytest.raises(FileRefused):
        data_rooms.add_document(owner, room.id, file.id, RoomLevel.VIEW, NOW)


def test_the_pages_lead_from_the_listing_through_the_signature_into_the_room(
    db: Any, client: FlaskClient, sign_in: Any
) -> None:
    owner, room, document = make_room(RoomLevel.DOWNLOAD)
    listing, place = f"/listings/{room.subject_id}", f"/data-rooms/{room.id}"
    reader = make_actor()
    db.commit()
    assert client.get(place).status_code in (302, 401)
    sign_in(client, reader)
    assert client.get(place).status_code == 404
    assert "Read and sign the undertaking" in client.get(listing + "?lang=en").get_data(as_text=True)
    signing = post(client, f"{listing}/data-room/access").headers["Location"]
    post(client, signing, agreed="yes")
    assert "进入资料室" in client.get(listing + "?lang=zh").get_data(as_text=True)
    assert "配方.pdf" in client.get(place).get_data(as_text=True)
    sheet = client.get(f"{place}/documents/{document.id}")
    assert sheet.status_code == 200 and f"{place}/documents/{document.id}/pages/1.png" in sheet.get_data(as_text=True)
    answer = client.get(f"{place}/documents/{document.id}/pages/1.png?watermark=0")
    assert answer.mimetype == "image/png" and answer.headers["Cache-Control"] == "private, no-store"
    assert client.get(f"{place}/documents/{document.id}/pages/2.png").status_code == 404
    sign_in(client, owner)
    assert "Page 1 read" in client.get(place + "?lang=en").get_data(as_text=True)


def test_the_owner_adds_permits_and_closes_by_form_and_by_api(db: Any, client: FlaskClient, sign_in: Any) -> None:
    owner, room, document = make_room()
    reader = admitted(room)
    db.commit()
    place = f"/data-rooms/{room.id}"
    sign_in(client, owner)
    sent = {"file": (io.BytesIO(make_pdf("two")), "two.pdf"), "level": "hidden"}
    assert post(client, f"{place}/documents", **sent).status_code == 303
    empty = post(client, f"{place}/documents", level="view")
    assert empty.status_code == 422 and len(data_rooms.documents_in(room.id)) == 2
    permission = f"/api/v1{place}/documents/{document.id}/permission"
    given = {"level": "hidden", "organisation_id": str(reader.organisation_id)}
    assert client.put(permission, json=given).status_code == 200
    assert client.put(permission, json={"level": "everything"}).status_code == 422
    sign_in(client, reader)
    assert client.get(f"/api/v1{place}").get_json()["documents"] == []
    assert client.put(permission, json={"level": "view"}).status_code == 404
    sign_in(client, owner)
    closed = post(client, f"{place}/accesses/{reader.organisation_id}", open="no")
    assert closed.status_code == 303
    sign_in(client, reader)
    assert client.get(f"/api/v1{place}").status_code == 404

"""Step three: title by claim with a proof, legal status as the register tells it, an indication of value, a listing."""

from typing import Any

from demo.report import Figure, show
from demo.visitors import Visitor

DILIGENCE = {
    "title": "DEMO register extract", "fees": "DEMO: paid for this year", "burdens": "DEMO: none",
    "validity": "DEMO: no proceedings", "inventors_not_available": True,
}  # fmt: skip


def claim(holder: Visitor, operator: Visitor, extract: dict[str, Any]) -> None:
    """Say with a deed that the office's owner name is one's own; the operator reads the deed and decides."""
    own, asset_id = holder.get("/organisation"), extract["id"]
    name = extract["ownership"][0]["name"]
    deed = f"DEMO deed: the right entered under {name} was assigned to {own['name_zh']}. Fictional.".encode()
    document = holder.upload(deed, "deed.txt", "ownership_claim")
    made = holder.post(f"/assets/{asset_id}/claims", {"reason": "DEMO deed of assignment", "document_id": document})
    show(
        "claimed the title with a deed; the operator read it",
        number=holder.figure(extract["number"], f"/assets/{asset_id}", "number"),
        entered_owner=holder.figure(name, f"/assets/{asset_id}", "ownership", 0, "name"),
        claim=Figure("waiting", lambda: made["status"]),
        bytes_of_deed=Figure(deed, lambda: operator.download(f"/files/{document}/content")).shortened(len),
    )
    decision = f"/claims/{made['id']}/decision"
    operator.submit("/claims", decision, {"decision": "accept"})
    extract_path = f"/assets/{asset_id}"
    show(
        "the operator accepted the claim",
        owner=operator.figure(own["id"], extract_path, "ownership", 0, "organisation_id").shortened(
            lambda _id: own["name_zh"]
        ),
        share=operator.figure("1", extract_path, "ownership", 0, "share"),
    )


def tell_status(reader: Visitor, asset_id: str) -> None:
    """What the register says of the right's life, with day and source."""
    extract = reader.get(f"/assets/{asset_id}")
    path = f"/assets/{asset_id}"
    show(
        "legal status as the register tells it",
        status=reader.figure("in_force", path, "legal_status", "status"),
        since=reader.figure(extract["legal_status"]["on"], path, "legal_status", "on"),
        expires=reader.figure(extract["expires_on"], path, "expires_on"),
    )


def value(holder: Visitor, asset_id: str, purpose: str) -> dict[str, Any]:
    """An indication with its range; the asker states nothing."""
    indication: dict[str, Any] = holder.post(f"/assets/{asset_id}/indications", {"purpose": purpose})
    path = f"/indications/{indication['id']}"
    show(
        "indication of value: low, middle, high",
        low=holder.figure(indication["low"]["amount"], path, "low", "amount"),
        middle=holder.figure(indication["middle"]["amount"], path, "middle", "amount"),
        high=holder.figure(indication["high"]["amount"], path, "high", "amount"),
        basis=holder.figure("platform_indication", path, "basis"),
    )
    return indication


def offer_for_sale(holder: Visitor, reader: Visitor, asset_id: str, terms: dict[str, Any]) -> dict[str, Any]:
    """Draft, due diligence, publication; read by somebody else."""
    listing: dict[str, Any] = holder.post("/listings", {"asset_id": asset_id} | terms)
    holder.put(f"/listings/{listing['id']}/due-diligence", DILIGENCE)
    listing = holder.post(f"/listings/{listing['id']}/publication")
    path = f"/listings/{listing['id']}"
    show(
        "listed, and seen by a buyer",
        mode=reader.figure(terms["mode"], path, "mode"),
        price=reader.figure(terms["price"]["amount"], path, "price", "amount"),
        status=reader.figure("published", path, "status"),
    )
    return listing


def inventions(holder: Visitor) -> list[dict[str, Any]]:
    """The holder's own inventions in force without other owner or burden, the most cited families first."""
    own = [each for each in holder.get("/assets") if each["kind"] == "invention" and each["status"] == "in_force"]
    extracts = [holder.get(f"/assets/{each['id']}") for each in own]
    return [each for each in extracts if len(each["ownership"]) == 1 and not each["encumbrances"]]

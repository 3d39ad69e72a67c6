"""Assets side by side: what differs, what they share, and the way to more or fewer."""

from flask.testing import FlaskClient

from tests.makers.registry import make_asset


def test_up_to_five_assets_stand_side_by_side(client: FlaskClient) -> None:
    assets = [make_asset() for _ in range(6)]
    page = client.get("/compare", query_string=[("asset", str(asset.id)) for asset in assets])
    assert page.status_code == 200
    assert sum(asset.titles["en"] in page.text for asset in assets) == 5
    assert "Add an asset by its number" not in page.text
    assert client.get("/compare?asset=x").status_code == 404
    assert "Choose two to five" in client.get("/compare").text


def test_what_differs_is_said_and_may_be_shown_alone(client: FlaskClient) -> None:
    first = make_asset(ipc=["H04L9/32"], claims_count=10, abstracts={"en": "One."}, inventors=["A"])
    second = make_asset(ipc=["H04L9/08"], claims_count=12, abstracts={"en": "One."}, inventors=["A"])
    chosen = [("asset", str(first.id)), ("asset", str(second.id))]
    page = client.get("/compare", query_string=chosen).text
    assert "2 facts differ." in page and page.count("differs</span>") == 2
    assert "All are in the classes: H04L9." in page
    assert ">Inventors" in page
    only = client.get("/compare", query_string=[*chosen, ("only", "differences")]).text
    assert ">Claims" in only and ">Inventors" not in only and "Show every fact" in only
    assert f'href="/compare?asset={second.id}&amp;only=differences"' in only


def test_an_asset_is_added_by_its_number_in_any_form(client: FlaskClient) -> None:
    first = make_asset()
    second = make_asset(office="US", number="06693123", kind_code="B2", application_number="10123456")
    page = client.get("/compare", query_string={"asset": str(first.id), "number": "US 6,693,123 B2"}).text
    assert first.titles["en"] in page and second.titles["en"] in page
    page = client.get("/compare", query_string={"asset": str(first.id), "number": "US 1,111,111"}).text
    assert "The register knows no asset with the number US 1,111,111." in page

"""Every lifecycle is complete: all statuses are in the table, and no status but a final one is a dead end."""

from apiflask import APIFlask

from marketplace.core.lifecycle import Lifecycle


def test_every_status_is_in_its_table_and_can_be_left_or_is_final(app: APIFlask) -> None:
    assert "organisation" in Lifecycle.known
    for name, lifecycle in Lifecycle.known.items():
        statuses = set(type(next(iter(lifecycle.moves))))
        reached = {status for following in lifecycle.moves.values() for status in following}
        assert reached <= statuses, name
        assert set(lifecycle.moves) | reached == statuses, name

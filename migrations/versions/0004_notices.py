"""The tables of notices."""

revision = "0004_notices"
down_revision = "0003_audit"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

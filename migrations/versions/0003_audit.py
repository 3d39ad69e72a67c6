"""The tables of audit."""

revision = "0003_audit"
down_revision = "0002_identity"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

"""The tables of documents."""

revision = "0005_documents"
down_revision = "0004_notices"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""

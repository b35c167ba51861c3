"""Credentials that renew themselves, where an installation lives, and tokens of the HTTP shim."""

import sqlalchemy as sa
from alembic import op

from analytics_sync.store.types import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
    )
    op.create_index("uq_api_token_name", "api_token", ["name"], unique=True)
    op.create_index("uq_app_name", "app", ["platform", "name"], unique=True)
    for column in (
        sa.Column("subject_id", sa.String(), nullable=True),
        sa.Column("renews", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("renew_until", Instant(), nullable=True),
        sa.Column("foretold", sa.Integer(), nullable=True),
        sa.Column("tried_at", Instant(), nullable=True),
    ):
        op.add_column("credential", column)
    op.add_column("installation", sa.Column("lives_at", sa.String(), nullable=True))
    op.add_column("sync_run", sa.Column("businesses", sa.JSON(), nullable=True))

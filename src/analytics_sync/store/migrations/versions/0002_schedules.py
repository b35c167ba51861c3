"""Jobs, their slots, and where they are installed; a run tells which slot it served."""

import sqlalchemy as sa
from alembic import op

from analytics_sync.store.types import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("backend", sa.String(), nullable=True),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("made", sa.JSON(), nullable=False),
        sa.Column("ticked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("business_id", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("cron", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("at", Instant(), nullable=True),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("told", sa.Integer(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_id"], ["business.id"], name=op.f("fk_schedule_business_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_index("uq_schedule_job", "schedule", ["job"], unique=True)
    op.create_index(op.f("ix_schedule_business_id"), "schedule", ["business_id"])
    op.create_table(
        "slot",
        sa.Column("schedule_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("claimed_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_slot_schedule_id")),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_slot_run_id")),
        sa.PrimaryKeyConstraint("schedule_id", "due_at", name=op.f("pk_slot")),
        sqlite_with_rowid=False,
    )
    op.add_column("sync_run", sa.Column("job", sa.String(), nullable=True))
    op.add_column("sync_run", sa.Column("slot_at", Instant(), nullable=True))
    op.add_column(
        "sync_run", sa.Column("made_up", sa.Integer(), nullable=False, server_default="0")
    )

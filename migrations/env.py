"""What Alembic runs. The connection comes from `vocalverse.store.migrate`, which has set lock timeouts and role."""

from alembic import context

from vocalverse.store.tables import Base


def _ours(_object: object, name: str | None, kind: str, _reflected: object, _compare_to: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=_ours,
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()

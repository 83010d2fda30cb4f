"""What the agents say of their machines."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection, func, update

from vocalverse.gateway.auth import Reporting, venue_of
from vocalverse.gateway.models import MachineHealth
from vocalverse.gateway.openapi import json_body
from vocalverse.gateway.problems import documented
from vocalverse.gateway.state import Shared
from vocalverse.store.tables import Machine
from vocalverse.store.venues import ensure_machine, ensure_room

router = APIRouter(prefix="/v1/machines", tags=["machines"])

Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", examples=["blue-1"])]


@router.put(
    "/{name:path}/health",
    status_code=204,
    summary="Report a machine's health",
    responses=documented(400, 401, 403, 408, 411, 413, 422, 500, 503),
    openapi_extra=json_body(MachineHealth),
)
async def put_health(name: Name, request: Request, caller: Reporting, state: Shared) -> None:
    async with state.limits.turn(caller, "write", wait=True):
        health = await state.bodies.read_json(request, MachineHealth)
        await state.database.run(_note, venue_of(caller), name, health)


def _note(connection: Connection, venue_id: UUID, name: str, health: MachineHealth) -> None:
    room_id = ensure_room(connection, venue_id=venue_id, name=health.room) if health.room else None
    machine_id = ensure_machine(connection, venue_id=venue_id, name=name, room_id=room_id)
    figures = health.model_dump(exclude={"version", "room"})
    connection.execute(
        update(Machine)
        .where(Machine.id == machine_id)
        .values(seen_at=func.now(), agent_version=health.version, **figures)
    )

"""Alive: the process answers. Ready: what it stands on answers too, asked and not assumed."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from vocalverse import __version__
from vocalverse.gateway.models import Alive, Ready
from vocalverse.gateway.problems import RETRY_UNAVAILABLE_S, documented, problem
from vocalverse.gateway.state import Shared

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?", responses=documented(500))
async def healthz() -> Alive:
    return Alive(status="alive", version=__version__)


@router.get("/readyz", summary="Do Postgres and the blob store answer?", responses=documented(500, 503))
async def readyz(state: Shared) -> Any:
    checks = await state.readiness.checks()
    failing = [name for name, said in checks.items() if said != "ok"]
    if not failing:
        return JSONResponse(Ready(status="ready", checks=checks).model_dump())
    headers = {"Retry-After": str(RETRY_UNAVAILABLE_S)}
    detail = f"Not ready: {' and '.join(failing)}. See `checks`."
    return problem(503, "unavailable", detail, headers=headers, retry_after_s=RETRY_UNAVAILABLE_S, checks=checks)

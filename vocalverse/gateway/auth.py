"""Who asks. Known before a byte of the body is read: no route of ours lets FastAPI read it."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security.utils import get_authorization_scheme_param

from vocalverse.errors import Forbidden, Unauthenticated
from vocalverse.gateway.database import Database
from vocalverse.store.keys import Caller, Scope, authenticate

_SHAPE = re.compile(r"vv_[0-9A-Za-z]{1,64}\.[0-9A-Za-z_-]{1,256}")
_REMEMBERED_S = 5.0
_REMEMBERED = 10_000  # keys; then all are forgotten


class NoVenue(Forbidden):
    code = "venue_key_needed"


class Keys:
    """Callers by key, remembered for so short a time that a revoked key is soon refused."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, Caller]] = {}

    async def caller(self, authorization: str | None) -> Caller:
        scheme, key = get_authorization_scheme_param(authorization)
        if scheme.lower() != "bearer" or not _SHAPE.fullmatch(key):
            raise Unauthenticated("Send your API key: Authorization: Bearer vv_….")
        until, caller = self._known.get(key, (0.0, None))
        if caller and until > time.monotonic():
            return caller
        self._known.pop(key, None)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        caller = await self._database.run(authenticate, key)
        self._known[key] = (time.monotonic() + _REMEMBERED_S, caller)
        return caller


def caller_with(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    async def checked(request: Request) -> Caller:
        keys: Keys = request.app.state.gateway.keys
        caller = await keys.caller(request.headers.get("authorization"))
        if not caller.may(scope):
            raise Forbidden(f"This key may not do that: it lacks the scope {scope.value!r}.")
        return caller

    return checked


def venue_of(caller: Caller) -> UUID:
    if caller.venue_id is None:
        raise NoVenue("An operator's key belongs to no venue. Use a key of the venue that the recording is from.")
    return caller.venue_id


Uploading = Annotated[Caller, Depends(caller_with(Scope.UPLOAD))]
Reading = Annotated[Caller, Depends(caller_with(Scope.READ))]
Deleting = Annotated[Caller, Depends(caller_with(Scope.DELETE))]
Reporting = Annotated[Caller, Depends(caller_with(Scope.HEALTH))]
Measuring = Annotated[Caller, Depends(caller_with(Scope.METRICS))]

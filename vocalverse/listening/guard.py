"""What every request is held to and every answer says: small bodies, nothing from elsewhere, nothing kept by proxies."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vocalverse.errors import TooLarge
from vocalverse.gateway.problems import answer_to

_LARGEST_BODY = 4096
_SAID = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; connect-src 'self';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
}


class Guard:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SAID)
            await send(message)

        app = self._app if _is_small(Headers(scope=scope)) else answer_to(TooLarge("Nothing so large is read here."))
        await app(scope, receive, saying)


def _is_small(headers: Headers) -> bool:
    """A body of unknown length is none that our page sends."""
    length = headers.get("content-length", "0")
    return "transfer-encoding" not in headers and length.isdigit() and int(length) <= _LARGEST_BODY

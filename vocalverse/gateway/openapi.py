"""The document at /openapi.json. Bodies are read by our own code, so they are described here."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from vocalverse.gateway.models import MachineHealth, Metadata, NewUpload, WholeDigest
from vocalverse.gateway.problems import Problem

_REFERENCE = "#/components/schemas/{model}"
_BODIES: tuple[type[BaseModel], ...] = (NewUpload, Metadata, WholeDigest, MachineHealth, Problem)

RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def json_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model=model.__name__)}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> None:
    """Replace FastAPI's document by one that also knows our bodies, our problems and our keys."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # as FastAPI's own manual does it


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, ours = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REFERENCE)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(ours["$defs"])
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key: `vv_<prefix>.<secret>`."}
    }
    for path, methods in document["paths"].items():
        for route in methods.values():
            if path.startswith("/v1/") or path == "/metrics":
                route["security"] = [{"key": []}]
    return document

"""The running gateway against its own document: schemathesis asks, with good and with bad input."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.gateway_house import Gateway, Venue
from vocalverse.store.keys import VENUE_SCOPES, Scope

# What a document cannot say: ids that exist, digests that match their bodies, keys of other venues.
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,unsupported_method,missing_required_header,ignored_auth"
)


def test_the_gateway_keeps_what_its_document_promises(gateway: Gateway, venue: Venue, tmp_path: Path):
    key = gateway.key(*VENUE_SCOPES, Scope.METRICS, venue_id=venue.id)
    said = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{gateway.url}/openapi.json",
            "--header",
            f"Authorization: Bearer {key}",
            "--checks",
            _CHECKS,
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "15",
            "--seed",
            "1",
            "--request-timeout",
            "10",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": ""},
        check=False,
    )
    assert said.returncode == 0, said.stdout[-6000:] + said.stderr[-2000:]


def test_every_route_documents_its_errors_and_its_key(gateway: Gateway):
    document = httpx.get(f"{gateway.url}/openapi.json").json()
    for path, methods in document["paths"].items():
        for route in methods.values():
            if path.startswith("/v1/"):
                assert route["security"] == [{"key": []}]
                assert {"401", "403", "422", "503"} <= set(route["responses"])
            for status, response in route["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_of_scripts_from_elsewhere_is_served(gateway: Gateway, path: str):
    assert httpx.get(f"{gateway.url}{path}").status_code == 404

"""Schemathesis asks what nobody thought of, made up from the public descriptions.

It walks every path with ids that exist and ids that do not, parameters that fit and parameters that
do not, and from answers on to what they lead to: no defect, no status that is not documented, no
answer that does not fit. The seed is fixed; the whole takes about a minute.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kinsync.web.api.tables import TABLES
from tests.web import swagger
from tests.web.lakeside import TOKEN
from tests.web.serving import Running
from tests.web.test_contract import IDS

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
PHASES = "coverage,fuzzing,stateful"
EXAMPLES = 4
"""Made-up requests for each path, beside those that try each parameter's limits."""
DOCUMENTED = {
    "400": "a parameter that cannot be understood",
    "401": "no token, or one that is not valid",
    "404": "no such record",
    "405": "another method than GET",
    "413": "a limit above 10,000",
    "429": "too many requests",
}
"""What every path may answer by the reference, which the descriptions leave out."""


@swagger.NEEDED
@pytest.mark.parametrize("version", swagger.VERSIONS)
def test_nobody_finds_a_defect(running: Running, tmp_path: Path, version: str) -> None:
    description = tmp_path / f"{version}.json"
    description.write_text(json.dumps(as_asked(version)))

    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", description),
            *("--url", f"http://127.0.0.1:{running.port}/{version}"),
            *("--header", f"Authorization: Bearer {TOKEN}"),
            *("--phases", PHASES, "--checks", ",".join(CHECKS), "--workers", "1"),
            *("--seed", "20260105", "--generation-deterministic", "--max-examples", str(EXAMPLES)),
            *("--continue-on-failure", "--no-shrink", "--no-color", "--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"Operations: {len(TABLES[version])}" in " ".join(done.stdout.split())


def as_asked(version: str) -> dict[str, Any]:
    """The description, with ids to ask for, and with what it leaves out of answers."""
    asked: dict[str, Any] = json.loads(json.dumps(swagger.description(version)))
    for name, schema in asked["definitions"].items():
        if name == "Link":  # single records lead to more than next, prev and self
            del schema["properties"]["rel"]["enum"]
    for path, methods in asked["paths"].items():
        operation = methods["get"]
        for status, says in DOCUMENTED.items():
            operation["responses"].setdefault(status, {"description": says})
        collection = path.split("/")[1]
        ids = IDS["lakeside"].get(f"{version}/{collection}", IDS["lakeside"].get(collection, []))
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "id":
                parameter["enum"] = [*ids, "f" * 24]
    return asked

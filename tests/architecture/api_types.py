"""The viewer's types of what the node sends and takes: `viewer/src/api/schema.ts`, from the node's OpenAPI document.

`make docs` writes it (this file as a program), `make check` compares it (`--check`). No server runs and nothing is asked of
a network, once npm has installed `scripts/api-types`.
"""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hatch_build import ViewerError, run_node
from node.ledger.sql import open_ledger
from tests.web.world import ledger_of, make_world

ROOT = Path(__file__).resolve().parents[2]
TYPES = ROOT / "viewer" / "src" / "api" / "schema.ts"
_TYPING = {"$ref", "type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems"}
_SAID = _TYPING | {"allOf", "anyOf", "oneOf", "description"}  # titles repeat names; limits and defaults are the node's


def document() -> dict[str, Any]:
    """What a node says of its HTTP API, as it serves it under /openapi.json."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        ledger = open_ledger(url)
        ledger.migrate()
        ledger.dispose()
        world = make_world(Path(folder), url)
        try:
            return dict(world.app.openapi())
        finally:
            world.node.pool.shutdown()
            ledger_of(world).dispose()


def types(described: Mapping[str, Any]) -> str:
    """The TypeScript of the document's schemas. Raises `ViewerError` when it cannot be made."""
    schemas = {name: _plain(schema) for name, schema in described["components"]["schemas"].items()}
    plain = {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "components": {"schemas": schemas}}
    return run_node(ROOT, ROOT / "scripts" / "api-types", "write.mjs", json.dumps(plain))


def _plain(schema: Any) -> Any:
    """The schema without what says nothing about types."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    said = {key: value for key, value in schema.items() if key in _SAID}
    if "patternProperties" in schema:  # names that follow a pattern, as TypeScript knows them: any names
        (said["additionalProperties"],) = schema["patternProperties"].values()
    if "description" in said:
        said["description"] = inspect.cleandoc(said["description"])
    return {
        key: {name: _plain(part) for name, part in value.items()} if key == "properties" else _plain(value)
        for key, value in said.items()
    }


def main(arguments: list[str]) -> int:
    """Writes the file; with `--check` only says whether it is old. Returns the exit code."""
    shown = TYPES.relative_to(ROOT)
    try:
        text = types(document())
    except ViewerError as problem:
        print(problem, file=sys.stderr)
        return 1
    if TYPES.is_file() and TYPES.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"{shown} is not what the node's OpenAPI document says; run: make docs", file=sys.stderr)
        return 1
    TYPES.write_text(text, encoding="utf-8")
    print(f"{shown} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A node that also serves OHIF's published build on a port of its own: `ohif_node.py node.toml OHIF_FOLDER PORT`.

The images come from the very same process, by DICOMweb as any other client gets them; only OHIF's own files are added, beside
the node's pages. Both viewers thus stand on the same server.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import sys
import threading
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from node.assembly import build
from node.config import load_settings
from node.web.app import create_app

_SOURCE = {
    "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
    "sourceName": "node",
    "configuration": {
        "friendlyName": "Liên Tuyến",
        "name": "node",
        "qidoRoot": "/dicom-web",
        "wadoRoot": "/dicom-web",
        "wadoUriRoot": "/dicom-web",
        "qidoSupportsIncludeField": False,
        "supportsReject": False,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "singlepart": "bulkdata",
        "omitQuotationForMultipartRequest": True,
        "bulkDataURI": {"enabled": False},
    },
}
_COMPRESSED = (".js", ".css", ".html", ".json", ".wasm", ".svg")


def settings_script(**more: Any) -> bytes:
    """OHIF's `app-config.js`: its own defaults, with our DICOMweb as the source."""
    config = {
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "showLoadingIndicator": True,
        "strictZSpacingForVolumeViewport": True,
        "investigationalUseDialog": {"option": "never"},
        "defaultDataSourceName": "node",
        "dataSources": [_SOURCE],
        **more,
    }
    return f"window.config = {json.dumps(config)};".encode()


class Beside:
    """ASGI: OHIF's files, and for everything under /api and /dicom-web the node."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self.file = lru_cache(maxsize=400)(self._file)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/api", "/dicom-web")):
            await self.app(scope, receive, send)
            return
        content, kind, encoding = self.file(scope["path"])
        headers = [(b"content-type", kind), (b"cache-control", b"max-age=3600")]
        headers += [(b"content-encoding", encoding)] if encoding else []
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _file(self, path: str) -> tuple[bytes, bytes, bytes]:
        """(content, media type, encoding); what is no file is the application's own address."""
        if path == "/app-config.js":
            more = json.loads(os.environ.get("OHIF_SETTINGS", "{}"))
            return settings_script(**more), b"text/javascript", b""
        files = {f"/{found.relative_to(self.folder)}": found for found in self.folder.rglob("*") if found.is_file()}
        found = files.get(path, self.folder / "index.html")
        kind = (guess_type(found.name)[0] or "application/octet-stream").encode()
        content = found.read_bytes()
        if found.suffix in _COMPRESSED:
            return gzip.compress(content, 6), kind, b"gzip"
        return content, kind, b""


def main() -> None:
    settings, folder, port = load_settings(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
    process = build(settings)
    done = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: done.set())
    process.start()
    beside = Beside(create_app(process.node, process.peers), folder)
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(uvicorn.Config(beside, log_level="warning", access_log=False, server_header=False))
    threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True).start()
    done.wait()
    server.should_exit = True
    process.stop()


if __name__ == "__main__":
    main()

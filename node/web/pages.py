"""The built viewer as static files. A request can only name files of the list that was made by looking into the folder."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response

from node.errors import NotFound
from node.web.gate import RESERVED

FOLDER = Path(__file__).parent / "viewer"
INDEX = "index.html"

_FOREVER = "public, max-age=31536000, immutable"  # names under assets/ hold a digest of the content
_ASK = "no-cache"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
_COMPRESSED = ((".br", "br"), (".gz", "gzip"))

_NOT_BUILT = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><title>Liên Tuyến</title>
<style>body { font: 18px/1.6 sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em }</style></head>
<body><h1>Liên Tuyến</h1>
<p>Giao diện chưa được dựng. Hãy chạy <code>make setup</code> trong thư mục mã nguồn, rồi khởi động lại nút.</p>
<p lang="en">The pages have not been built. Run <code>make setup</code> in the source folder, then start the node again.
The API works.</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    media_type: str
    encodings: dict[str, Path]


class Pages:
    """The files of the viewer's folder, listed again when its index changes."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamp: tuple[int, int] | None = None
        self._files: dict[str, _File] = {}

    def files(self) -> dict[str, _File]:
        """Name (with `/`) to file; empty when the viewer is not built."""
        try:
            found = (self._folder / INDEX).stat()
        except FileNotFoundError:
            self._stamp, self._files = None, {}
            return self._files
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._files = _list_files(self._folder)
            self._stamp = stamp
        return self._files

    def answer(self, path: str, headers: Headers) -> Response:
        """The file, the index for addresses of the application, or how to build it. Raises `NotFound`."""
        if RESERVED.fullmatch(f"/{path}"):
            raise NotFound("There is nothing at this address.")
        files = self.files()
        if INDEX not in files:
            return HTMLResponse(_NOT_BUILT, 503)
        file = files.get(path)
        if file is None:
            if path.startswith("assets/"):
                raise NotFound("There is nothing at this address.")
            path, file = INDEX, files[INDEX]
        return _serve(file, headers, _FOREVER if path.startswith("assets/") else _ASK)


def router(pages: Pages) -> APIRouter:
    """GET of every address that nothing else answers; to be included last."""
    routes = APIRouter()

    @routes.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def page(path: str, request: Request) -> Response:
        return pages.answer(path, request.headers)

    return routes


def _list_files(folder: Path) -> dict[str, _File]:
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    return {
        name: _File(
            path,
            _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
            {encoding: found[name + suffix] for suffix, encoding in _COMPRESSED if name + suffix in found},
        )
        for name, path in found.items()
    }


def _serve(file: _File, headers: Headers, cache: str) -> Response:
    accepted = {item.partition(";")[0].strip() for item in headers.get("accept-encoding", "").split(",")}
    chosen = next((encoding for encoding in file.encodings if encoding in accepted), "")
    path = file.encodings.get(chosen, file.path)
    stat = path.stat()
    etag = f'"{hashlib.sha256(f"{path.name}{stat.st_mtime_ns}{stat.st_size}".encode()).hexdigest()[:20]}"'
    own = {"Cache-Control": cache, "ETag": etag, "Vary": "Accept-Encoding"}
    if headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=own)
    if chosen:
        own["Content-Encoding"] = chosen
    return FileResponse(path, media_type=file.media_type, headers=own)

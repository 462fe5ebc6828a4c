"""Style sheets and scripts: our own, and those of packages. Nothing is fetched elsewhere."""

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse

KINDS = {".css", ".js", ".svg", ".png", ".ico"}


def asset(request: HttpRequest, path: str) -> HttpResponse:
    """One file, to be kept until its address changes."""
    content, tag = _content(path)
    if request.headers.get("if-none-match") == tag:
        return HttpResponse(status=304, headers={"etag": tag})
    kept = "max-age=31536000, immutable" if "v" in request.GET else "max-age=300"
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    headers = {
        "etag": tag,
        "cache-control": f"public, {kept}",
        "x-content-type-options": "nosniff",
    }
    return HttpResponse(content, content_type=kind + charset, headers=headers)


def address(path: str) -> str:
    """Where a file is fetched; the address changes with its content."""
    return f"/assets/{path}?v={_content(path)[1].strip(chr(34))}"


@lru_cache(maxsize=64)
def _content(path: str) -> tuple[bytes, str]:
    found = finders.find(path) if Path(path).suffix in KINDS else None
    if not isinstance(found, str):
        raise Http404
    content = Path(found).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'

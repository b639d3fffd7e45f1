"""The reading side, composed: request → snapshot → lookup → query → format → response."""

from __future__ import annotations

import gzip
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from pyramid.exceptions import URLDecodeError
from pyramid.httpexceptions import HTTPTemporaryRedirect
from pyramid.request import Request
from pyramid.response import Response

from . import access, application, prometheus, query, reading, renderers, timing, undecodable
from .address import parse
from .errors import (
    Refused,
    address_of,
    check_length,
    error_response,
    not_found,
    parameters_of,
    text_response,
)
from .exposition import exposition
from .lookup import Leaf, Missing, find
from .page import page
from .page.assets import static_files
from .snapshot import Node, Path, Snapshot

SMALLEST_GZIP = 500
"""Bytes below which compressing gains nothing."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_PARAMETERS = ("sort", "order", "refresh", "fragment")


def scales_stats(request: Request) -> Response:
    """The metrics page, for a route of one's own with a ``*prefix`` pattern, such as ``/numbers/*prefix``.

    Access is not checked here: whoever registers the view sets a permission. The page's own route goes
    through :func:`guarded_stats`. What a caller asks wrongly is answered (400, 404, 405, 414), not raised.
    """
    return _answered(request, _stats)


def guarded_stats(request: Request) -> Response:
    """The metrics page for those who may see it (``scales.hosts``, ``.token``, ``.permission``)."""
    return _answered(request, _guarded(_stats))


def bad_path(request: Request) -> Response:
    """The answer to an address of ours that is not UTF-8, of which no route can find the view."""
    found = undecodable.route_of(request)
    if found is not None:  # pragma: no branch (the predicate below_scales found it, too)
        request.matched_route, request.matchdict = found
    is_guarded = found is None or found[0].name in reading.OWN_ROUTES
    return _answered(request, _guarded(_bad_path) if is_guarded else _bad_path)


def redirect_to_slash(request: Request) -> Response:
    """``/scales`` → ``/scales/``, with the query string as it came."""
    return _answered(request, _redirect)


def _redirect(request: Request) -> Response:
    check_length(request)
    base = address_of(request).base
    asked = quote(request.environ.get("QUERY_STRING", "").encode("latin-1"), safe="%&=+;,/?:@!$'()*~-._")
    return HTTPTemporaryRedirect(location=base + ("?" + asked if asked else ""))


def _guarded(view: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def guarded(request: Request) -> Response:
        settings = application.of(request.registry).settings
        if not access.allowed(request, settings):
            raise Refused(403, *access.REFUSAL)
        return view(request)

    return guarded


def _bad_path(request: Request) -> Response:
    what = "address" if isinstance(request.exception, URLDecodeError) else "header X-Vhm-Root"
    raise Refused(400, f"The {what} is not valid UTF-8. Percent-encode its characters as UTF-8.")


def _answered(request: Request, view: Callable[[Request], Response]) -> Response:
    try:
        response = view(request)
    except Refused as refused:
        response = error_response(request, refused)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Vary"] = "Accept, Accept-Encoding, Authorization"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return _compressed(request, response)


def _compressed(request: Request, response: Response) -> Response:
    """Gzip where it was asked for by name; webob takes a missing header, or a broken one, for consent."""
    if len(request.environ.get("HTTP_ACCEPT_ENCODING", "")) > renderers.LONGEST_ACCEPT:
        return response
    wanted = request.accept_encoding
    if wanted.parsed and len(response.body) >= SMALLEST_GZIP:
        offers = wanted.acceptable_offers(["gzip", "identity"])
        if offers and offers[0][0] == "gzip":
            response.body = gzip.compress(response.body, compresslevel=5, mtime=0)
            response.content_encoding = "gzip"
    return response


def _stats(request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        raise Refused(405, "This page can only be read. Use GET or HEAD.", headers={"Allow": "GET, HEAD"})
    parameters = parameters_of(request)
    segments = _segments(request)
    if segments[:1] == ("~static",):
        return _static(segments)
    try:
        format = renderers.choose(parameters.get("format"), request.environ.get("HTTP_ACCEPT"))
        terms = query.parse(parameters["query"]) if parameters.get("query", "").strip() else ()
        scope = reading.scope(parameters.get("scope"))
        path = parse(segments)
        started = time.perf_counter()
        app = application.of(request.registry)
        snapshot = reading.take(app, path, scope, reading.wanted(format, path, bool(terms)))
        found, path = _found(snapshot, path, terms)
        body = _rendered(request, format, parameters, snapshot, found, path)
        app.rendering_seconds = time.perf_counter() - started
    except query.BadQuery as error:
        raise Refused(400, str(error), *query.GRAMMAR) from error
    except (renderers.BadFormat, reading.BadScope, page.BadParameter) as error:
        raise Refused(400, str(error)) from error
    except Missing as missing:
        raise not_found(request, missing) from missing
    response = text_response(200, format, body)
    response.headers.update(reading.headers(snapshot))
    return response


def _segments(request: Request) -> tuple[str, ...]:
    prefix = (request.matchdict or {}).get("prefix", getattr(request, "subpath", ()))
    if isinstance(prefix, str):
        prefix = [segment for segment in prefix.split("/") if segment]
    return tuple(prefix)


def _found(snapshot: Snapshot, path: Path, terms: Sequence[query.Term]) -> tuple[Node | Leaf, Path]:
    """What is shown, and its path; a query on a leaf filters the level that holds only that leaf."""
    found = find(snapshot.root, path)
    if not terms:
        return found, path
    if isinstance(found, Leaf):
        found = Node({path[-1]: found.value}, marks={path[-1]: found.type_name})
        path = path[:-1]
    return query.select(found, path, terms), path


def _rendered(
    request: Request,
    format: str,
    parameters: Mapping[str, str],
    snapshot: Snapshot,
    found: Node | Leaf,
    path: Path,
) -> str:
    if format == "html":
        return page.render(_context(request, parameters, snapshot, found, path))
    if format in ("json", "prettyjson"):
        value = found.value if isinstance(found, Leaf) else found.data
        return renderers.to_json(value, pretty=format == "prettyjson")
    return _exposed(
        application.of(request.registry), format == "openmetrics", parameters, snapshot, found, path
    )


def _exposed(
    app: application.Application,
    openmetrics: bool,
    parameters: Mapping[str, str],
    snapshot: Snapshot,
    found: Node | Leaf,
    path: Path,
) -> str:
    own = {"pyramid_scales_last_render_seconds": app.rendering_seconds}
    text = exposition.render(snapshot, path, found, openmetrics=openmetrics, extra=own)
    if app.settings.prometheus_registry and not path and not parameters.get("query"):
        text = prometheus.with_registry(text, openmetrics=openmetrics)
    return text


def _context(
    request: Request, parameters: Mapping[str, str], snapshot: Snapshot, found: Node | Leaf, path: Path
) -> page.PageContext:
    app = application.of(request.registry)
    return page.PageContext(
        snapshot=snapshot,
        found=found,
        path=path,
        address=address_of(request),
        query=parameters.get("query", "").strip(),
        scope=parameters.get("scope", ""),
        title=app.title,
        host=socket.gethostname(),
        pid=os.getpid(),
        uptime=reading.uptime(),
        now=time.time(),
        versions=reading.versions(),
        timing_hint=timing.hint(request.registry),
        multiprocess=bool(request.environ.get("wsgi.multiprocess")),
        shared_dir=app.settings.shared_dir,
        known_routes=reading.known_routes(request.registry),
        route=parameters.get("route"),
        **{name: parameters.get(name, "") for name in _PAGE_PARAMETERS},
    )


def _static(segments: Sequence[str]) -> Response:
    file = static_files().get("/".join(segments[1:]))
    if file is None:
        raise Refused(404, f"There is no such file. The files of this page are {', '.join(static_files())}.")
    response = Response(body=file.body, headerlist=[("Content-Type", file.content_type)])
    # Its address holds its version, so a copy never grows old.
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response

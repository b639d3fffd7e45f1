"""Answers that say what was wrong with a request and what would be right, in the format asked for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from pyramid.request import Request
from pyramid.response import Response
from pyramid.traversal import split_path_info
from webob import exc

from . import renderers, timing
from .address import Address
from .lookup import Missing
from .page import page
from .snapshot import Path

LONGEST = 20_000
"""Characters of a query string: the longest query, percent-encoded, fits in."""
_LONGEST_SHOWN = 500


class Refused(Exception):
    """The request is answered with an error page: a status code and sentences for the caller."""

    def __init__(
        self,
        status: int,
        *sentences: str,
        headers: Mapping[str, str] | None = None,
        nearest: Path | None = None,
    ) -> None:
        super().__init__(status, *sentences)
        self.status = status
        self.sentences = sentences
        self.headers = headers or {}
        self.nearest = nearest


def check_length(request: Request) -> None:
    """Refuse a query string that is absurdly long; WebOb's time for one grows with its square."""
    if len(request.environ.get("QUERY_STRING", "")) > LONGEST:
        raise Refused(414, f"The query string is longer than {LONGEST} characters. Ask for less at a time.")


def parameters_of(request: Request) -> Mapping[str, str]:
    """The query string alone: ``request.params`` would read the body. Raises :class:`Refused`."""
    check_length(request)
    try:
        return dict(request.GET)
    except UnicodeDecodeError as error:
        raise Refused(
            400, "The query string is not valid UTF-8. Percent-encode its characters as UTF-8."
        ) from error


def address_of(request: Request) -> Address:
    """Where the page lives for this request, from ``SCRIPT_NAME`` and the route's own path.

    Not from ``request.route_url``: some frameworks replace it.
    """
    script_name = quote(request.environ.get("SCRIPT_NAME", "").encode("latin-1"))
    is_routed = getattr(request, "matched_route", None) is not None
    base = _route_path(request) if is_routed else _traversed_path(request)
    return Address(script_name + base.rstrip("/") + "/")


def _route_path(request: Request) -> str:
    found = request.matchdict or {}
    # The pattern may be /*prefix or, of a user's own, /{prefix:.*}.
    nothing = "" if isinstance(found.get("prefix"), str) else ()
    path: str = request.matched_route.generate({**found, "prefix": nothing})
    return path


def _traversed_path(request: Request) -> str:
    """Where traversal found the view. Not ``resource_path``: a root without ``__name__`` has none."""
    segments = split_path_info(request.path_info)
    return "/" + "/".join(quote(segment) for segment in segments[: len(segments) - len(request.subpath)])


def not_found(request: Request, missing: Missing) -> Refused:
    """A 404 that names the nearest ancestor that exists."""
    nearest = address_of(request).to(missing.nearest)
    name = "/".join(missing.nearest) or "the root"
    untimed = timing.hint(request.registry) if missing.path[:2] == ("pyramid", "requests") else ""
    return Refused(
        404,
        f"There is no statistic at {_shortened('/'.join(missing.path))!r}.",
        f"The nearest that exists is {name}: {nearest}",
        untimed or "A statistic of scales exists once it was written or read for the first time.",
        nearest=missing.nearest,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def error_response(request: Request, refused: Refused) -> Response:
    """The page, JSON or text that says why the request was refused."""
    status = f"{refused.status} {exc.status_map[refused.status].title}"
    format = _format_of_error(request)
    if format == "html":
        body = page.render_error(status, refused.sentences, address_of(request), refused.nearest)
    elif format in ("json", "prettyjson"):
        body = renderers.to_json(
            {"status": refused.status, "error": " ".join(refused.sentences)}, pretty=True
        )
    else:
        body = "\n".join((status, *refused.sentences)) + "\n"
    response = text_response(refused.status, format, body)
    if format in ("prometheus", "openmetrics"):
        response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers.update(refused.headers)
    return response


def _format_of_error(request: Request) -> str:
    """The format that was asked for, as far as the request can be understood."""
    accept = request.environ.get("HTTP_ACCEPT")
    try:
        return renderers.choose(parameters_of(request).get("format"), accept)
    except (Refused, renderers.BadFormat):
        return renderers.choose(None, accept)


def text_response(status: int, format: str, body: str) -> Response:
    """A response whose text may hold what UTF-8 can't carry."""
    content = body.encode("utf-8", "backslashreplace")
    return Response(
        body=content, status=status, headerlist=[("Content-Type", renderers.CONTENT_TYPES[format])]
    )

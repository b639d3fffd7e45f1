"""How a request is named: the labels of its series. Nothing that a client chooses freely becomes a label."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from pyramid.interfaces import IRoute
from pyramid.registry import Registry
from pyramid.request import Request

from . import application

UNMATCHED = "(unmatched)"
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")  # RFC 9110, RFC 5789
)
OTHER_METHOD = "_OTHER"
VIEW = "pyramid_scales.view"
"""Where in ``request.__dict__`` the name of the view stands that traversal found."""
OWN = "pyramid_scales"
"""What stands there for a view of ours: such a request is not timed."""

_OWN_MODULE = "pyramid_scales.views"
_OWN_ROUTES = "pyramid_scales.own_routes"

View = Callable[[Any, Request], Any]


def own_routes(registry: Registry) -> set[str]:
    """The names of the routes that lead to a view of ours, whoever registered it."""
    found: set[str] = registry.setdefault(_OWN_ROUTES, set())
    return found


def name_view(view: View, info: Any) -> View:
    """A view deriver: notes which view traversal found, since the address must never name a request.

    Belongs outside all others (``under=INGRESS``), so that a view that was found but refused counts.
    """
    if getattr(info.original_view, "__module__", None) == _OWN_MODULE:
        return _not_counted(view, info)
    # (Pyramid derives a view for an exception twice: this one is for what traversal may find.)
    if info.exception_only or info.options.get("route_name"):
        return view
    name = dotted(info.original_view, info.options.get("attr"))

    def noted(context: Any, request: Request) -> Any:
        # The first view counts: it may render others.
        request.__dict__.setdefault(VIEW, name)
        return view(context, request)

    return noted


def _not_counted(view: View, info: Any) -> View:
    """A view of ours: not timed, and not in flight for those who ask for the page."""
    route = info.options.get("route_name")
    if route:
        own_routes(info.registry).add(route)

    def not_counted(context: Any, request: Request) -> Any:
        request.__dict__[VIEW] = OWN
        recorder = application.of(request.registry).recorder
        if recorder is None:
            return view(context, request)
        recorder.own_request(1)
        try:
            return view(context, request)
        finally:
            recorder.own_request(-1)

    return not_counted


def dotted(thing: Any, attr: str | None = None) -> str:
    """The dotted name of a class, a function, or of the class of any other object."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    module = "" if named.__module__ == "builtins" else f"{named.__module__}."
    return f"{module}{named.__qualname__}" + (f".{attr}" if attr else "")


def place(found: IRoute | str | None) -> tuple[str, str]:
    """Name and pattern of what answered: a route, the name of a view, or nothing."""
    if found is None:
        return UNMATCHED, UNMATCHED
    if isinstance(found, str):
        return found, found
    return found.name, found.pattern


def is_excluded(name: str, exclude: Iterable[str]) -> bool:
    """Whether a route is named in ``exclude``, as it is or by a glob."""
    return any(name == glob or fnmatchcase(name, glob) for glob in exclude)


def method_label(method: str | None) -> str:
    """The method, if it is a known one."""
    return method if method in METHODS else OTHER_METHOD


def will_be_retried(request: Request, error: BaseException | None) -> bool:
    """Whether pyramid_retry will repeat the attempt that ends with ``error``.

    Its execution policy, and nobody else, sets this key; so the module is loaded where it is set.
    """
    if not isinstance(error, Exception) or "retry.attempt" not in request.environ:
        return False
    retry = sys.modules.get("pyramid_retry")
    return retry is not None and retry.is_error_retryable(request, error)

"""Addresses below ours that are not UTF-8: Pyramid raises an error for them before it looks for a view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.config import Configurator
from pyramid.interfaces import IRoute, IRoutesMapper
from pyramid.request import Request

from .naming import own_routes


def route_of(request: Request) -> tuple[IRoute, Mapping[str, Any]] | None:
    """The route that matches, or would if the path were UTF-8, and what its pattern finds there.

    ``None`` if it does not lead to a view of ours.
    """
    if request.matched_route is not None:
        # A header is not UTF-8 that traversal reads, X-Vhm-Root.
        found = (request.matched_route, request.matchdict)
    else:
        path = request.environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
        path = path.replace("\n", " ")  # no pattern matches a newline
        matches = ((route, route.match(path)) for route in _routes(request))
        found = next(((route, match) for route, match in matches if match is not None), (None, {}))
    route, match = found
    return (route, match) if route is not None and route.name in own_routes(request.registry) else None


def _routes(request: Request) -> list[IRoute]:
    mapper = request.registry.queryUtility(IRoutesMapper)
    return list(mapper.get_routes()) if mapper is not None else []


class BelowScalesPredicate:
    """A view predicate: was the error raised before any view was found, for an address of ours?"""

    def __init__(self, value: bool, config: Configurator) -> None:
        self._value = value

    def text(self) -> str:
        """How Pyramid shows the predicate, and tells it from others."""
        return f"below_scales = {self._value}"

    phash = text

    def __call__(self, context: object, request: Request) -> bool:
        # With a context, traversal has ended, and the error is one of the application's views.
        return (not hasattr(request, "context") and route_of(request) is not None) is self._value

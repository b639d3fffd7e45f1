"""What an application has counted, for tests that ask it."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response

from pyramid_scales.recording.recorder import Recorder
from pyramid_scales.snapshot import Labels, Requests


def recorder_of(app: Any) -> Recorder:
    """The recorder of a WebTest or WSGI application."""
    return getattr(app, "app", app).registry["pyramid_scales"].recorder


def requests_of(app: Any) -> Requests:
    """The snapshot of an application."""
    return recorder_of(app).requests()


def counts_of(app: Any) -> dict[Labels, int]:
    """How many requests each series of an application has."""
    return {series.labels: series.amount for series in requests_of(app).series}


def one(app: Any) -> Labels:
    """The labels of the only request that was counted."""
    ((labels, count),) = counts_of(app).items()
    if count != 1:
        raise ValueError(f"{count} requests were counted for {labels}")
    return labels


def add(config: Configurator, name: str, pattern: str, view: Any, **options: Any) -> None:
    """Add a route with its view."""
    config.add_route(name, pattern)
    config.add_view(view, route_name=name, **options)


def ok(request: Any) -> Response:
    """A view."""
    return Response("ok")

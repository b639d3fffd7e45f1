"""Are requests timed at all? An explicit ``pyramid.tweens`` may leave our tween out, or put it too far in."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import chain

from pyramid.events import ApplicationCreated
from pyramid.interfaces import IApplicationCreated, ITweens
from pyramid.registry import Registry
from pyramid.tweens import EXCVIEW

from . import application
from .settings import PREFIX

TWEEN = "pyramid_scales.tween.scales_tween_factory"

log = logging.getLogger(__name__)


def watch(registry: Registry) -> None:
    """Have :func:`check` called once the application is made."""
    registry.registerHandler(check, (IApplicationCreated,))


def check(event: ApplicationCreated) -> None:
    """Once an application is made, see whether requests pass our tween. If not, none shall read as zero."""
    registry = event.app.registry
    _leave(registry)
    app = application.of(registry)
    if app.recorder is not None and app.recorder.around is None:
        app.recorder = None
        if app.mount is not None:  # pragma: no branch (what has a recorder has a place in the tree)
            app.mount.forget_requests()
        log.warning(hint(registry))
    elif app.recorder is not None:
        app.notes = _misplaced(_explicit(registry))
        for note in app.notes:
            log.warning(note)


def _leave(registry: Registry) -> None:
    """Listen no more: while anybody does, Pyramid looks for listeners four times in each request, which takes
    a third of the time of a small one."""
    registry.unregisterHandler(check, (IApplicationCreated,))
    others = chain(registry.registeredHandlers(), registry.registeredSubscriptionAdapters())
    registry.has_listeners = any(True for _ in others)


def hint(registry: Registry) -> str:
    """Why there are no figures of requests, as a sentence; ``""`` where there are."""
    app = registry.get(application.KEY)
    if app is None or app.mount is None:
        return "Requests are not timed: pyramid_scales was not included, only its view is in use."
    if not app.settings.timing:
        return f"Requests are not timed: {PREFIX}timing is false."
    if app.recorder is None:
        late = " Nor do other workers' statistics get here before they answered a page themselves."
        return (
            f"Requests are not timed: the setting pyramid.tweens lists tweens, and {TWEEN} is not among them."
            " Put it there, before all others." + (late if app.shared is not None else "")
        )
    return ""


def _explicit(registry: Registry) -> list[str]:
    return [name for name, _ in getattr(registry.queryUtility(ITweens), "explicit", ())]


def _misplaced(tweens: Sequence[str]) -> Sequence[str]:
    if TWEEN not in tweens or EXCVIEW not in tweens[: tweens.index(TWEEN)]:
        return ()
    return (
        "Answers of exception views, such as every 404, are counted as errors (500): the setting"
        f" pyramid.tweens lists {TWEEN} behind {EXCVIEW}. Put it before all others.",
    )

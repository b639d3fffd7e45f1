"""The metrics page that lives inside a Pyramid web application.

``config.include("pyramid_scales")`` gives the application a page at ``/scales/`` that shows its own
numbers: requests by route, and the statistics that it keeps with ``greplin.scales``.
"""

from __future__ import annotations

from pyramid import viewderivers
from pyramid.config import Configurator
from pyramid.exceptions import URLDecodeError
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.tweens import EXCVIEW, INGRESS, MAIN

from .configure import where_included
from .views import scales_stats

__all__ = ["includeme", "scales_stats"]

# Commits of pyramid_tm and exception views are inside the measured time.
_INNER_TWEENS = ("pyramid_tm.tm_tween_factory", EXCVIEW, MAIN)
# Access is decided by scales.hosts, .token and .permission, not by the application's defaults.
_OURS = {"permission": NO_PERMISSION_REQUIRED, "require_csrf": False}


def includeme(config: Configurator) -> None:
    """Register the page, its tween and its settings; nothing is read, opened or started here."""
    config.add_directive("_add_scales_application", "pyramid_scales.configure.add_application")
    config.add_view_predicate("below_scales", "pyramid_scales.undecodable.BelowScalesPredicate")
    config.add_view_deriver(
        "pyramid_scales.naming.name_view", name="scales_name", under=viewderivers.INGRESS, over="secured_view"
    )
    config.add_tween("pyramid_scales.tween.scales_tween_factory", under=INGRESS, over=_INNER_TWEENS)
    config._add_scales_application(_info=where_included())
    config.add_view("pyramid_scales.views.guarded_stats", route_name="scales", **_OURS)
    config.add_view("pyramid_scales.views.redirect_to_slash", route_name="scales_redirect", **_OURS)
    for error in (URLDecodeError, UnicodeDecodeError):
        config.add_exception_view("pyramid_scales.views.bad_path", context=error, below_scales=True)

"""What ``includeme`` defers: the parts that depend on settings made after the include."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.exceptions import ConfigurationError

from . import application, prometheus, settings, timing
from .recording import histogram, recorder
from .sharing import shared
from .tree import mount

_NOT_THE_APPLICATION = ("pyramid", "pyramid_scales")


def where_included() -> traceback.FrameSummary | None:
    """The line of the application that includes us: Pyramid shows it beside what is wrong with a setting."""
    for frame, line in traceback.walk_stack(sys._getframe()):
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in _NOT_THE_APPLICATION:
            return traceback.FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name)
    return None  # pragma: no cover (somebody has included us)


def add_application(config: Configurator) -> None:
    """Add the routes where the include stands, and the rest when the settings are complete."""
    path = settings.parse_path(config.registry.settings)
    config.add_route("scales", path + "/*prefix")
    config.add_route("scales_redirect", path)
    base = "/" + "/".join(part for part in ((config.route_prefix or "").strip("/"), path.strip("/")) if part)
    shown = config.introspectable("pyramid_scales", "settings", "settings of pyramid_scales", "settings")

    def register() -> None:
        chosen = settings.parse(config.registry.settings)
        _check(chosen, path)
        shown.update(_shown(chosen))
        if chosen.token:
            # As one that repr() hides: debug toolbars show all settings of the application.
            config.registry.settings[settings.PREFIX + "token"] = chosen.token
        config.registry[application.KEY] = _assemble(chosen, _package(config), base + "/")
        timing.watch(config.registry)

    config.action(("pyramid_scales", "settings"), register, order=PHASE1_CONFIG, introspectables=(shown,))


def _assemble(chosen: settings.Settings, package: str, base: str) -> application.Application:
    # A single file that was started as it is has no name.
    app = application.Application(chosen, title="" if package == "__main__" else package)
    if chosen.shared_dir is not None:
        layout = histogram.Layout.of(chosen.buckets)
        app.shared = shared.Shared(chosen.shared_dir, chosen.shared_keep, _name(package, base), layout)
    if chosen.timing:
        app.recorder = _recorder(chosen, app.shared)
    app.mount = mount.attach(app.recorder)
    if app.recorder is not None:
        # After scales.reset() our figures are back with the next slice of ten seconds.
        app.recorder.on_slice = app.mount.ensure
    return app


def _recorder(chosen: settings.Settings, sharing: shared.Shared | None) -> recorder.Recorder:
    if sharing is None:
        return recorder.Recorder(chosen.buckets, chosen.max_series)
    timer = recorder.Recorder(chosen.buckets, chosen.max_series, sharing.open_store)
    timer.on_tick = sharing.publish_if_due
    sharing.unshared = timer.unshared
    return timer


def _check(chosen: settings.Settings, path: str) -> None:
    if chosen.path != path:
        raise ConfigurationError(
            f"scales.path was {path!r} when pyramid_scales was included and is {chosen.path!r} now;"
            " set it before config.include('pyramid_scales')"
        )
    if chosen.prometheus_registry and not prometheus.is_installed():
        raise ConfigurationError(
            "scales.prometheus_registry is true, but prometheus_client is not installed;"
            " run pip install 'pyramid_scales[prometheus]'"
        )


def _shown(chosen: settings.Settings) -> dict[str, Any]:
    """The settings for introspection, with the token hidden."""
    values = {row.name: getattr(chosen, row.name) for row in settings.TABLE}
    return {**values, "token": "(hidden)" if chosen.token else None}


def _package(config: Configurator) -> str:
    """The name of the application's package; Pyramid takes a module, its name or nothing."""
    package = config.root_package or ""
    return str(getattr(package, "__name__", package))


def _name(package: str, base: str) -> str:
    """A name that tells the applications of one shared directory apart, the same in every worker."""
    before = mount.applications()
    return f"{package}{base}" + (f"#{before + 1}" if before else "")

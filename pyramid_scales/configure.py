"""What ``includeme`` defers: the parts that depend on settings made after the include."""

from __future__ import annotations

from typing import Any

from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.exceptions import ConfigurationError

from . import application, prometheus, settings, timing
from .recording import histogram, recorder
from .sharing import shared
from .tree import mount


def add_application(config: Configurator) -> None:
    """Add the routes where the include stands, and the rest when the settings are complete."""
    path = settings.parse_path(config.registry.settings)
    config.add_route("scales", path + "/*prefix")
    config.add_route("scales_redirect", path)
    prefix = config.route_prefix or ""
    introspectable = config.introspectable(
        "pyramid_scales", "settings", "settings of pyramid_scales", "settings"
    )

    def register() -> None:
        chosen = settings.parse(config.registry.settings)
        if chosen.path != path:
            raise ConfigurationError(
                f"scales.path was {path!r} when pyramid_scales was included and is {chosen.path!r} now;"
                " set it before config.include('pyramid_scales')"
            )
        introspectable.update(_shown(chosen))
        if chosen.token:
            # As one that repr() hides: debug toolbars show all settings of the application.
            config.registry.settings[settings.PREFIX + "token"] = chosen.token
        _check_installed(chosen)
        base = "/" + "/".join(part for part in (prefix.strip("/"), path.strip("/")) if part) + "/"
        config.registry[application.KEY] = _assemble(chosen, _name(config, base))
        timing.watch(config.registry)

    config.action(
        ("pyramid_scales", "settings"), register, order=PHASE1_CONFIG, introspectables=(introspectable,)
    )


def _assemble(chosen: settings.Settings, name: str) -> application.Application:
    app = application.Application(chosen)
    if chosen.shared_dir is not None:
        layout = histogram.Layout.of(chosen.buckets)
        app.shared = shared.Shared(chosen.shared_dir, chosen.shared_keep, name, layout)
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


def _check_installed(chosen: settings.Settings) -> None:
    if chosen.prometheus_registry and not prometheus.is_installed():
        raise ConfigurationError(
            "scales.prometheus_registry is true, but prometheus_client is not installed;"
            " run pip install 'pyramid_scales[prometheus]'"
        )


def _shown(chosen: settings.Settings) -> dict[str, Any]:
    """The settings for introspection, with the token hidden."""
    values = {row.name: getattr(chosen, row.name) for row in settings.TABLE}
    return {**values, "token": "(hidden)" if chosen.token else None}


def _name(config: Configurator, base: str) -> str:
    """A name that tells the applications of one shared directory apart, the same in every worker."""
    package = config.root_package.__name__ if config.root_package else ""
    before = mount.applications()
    return f"{package}{base}" + (f"#{before + 1}" if before else "")

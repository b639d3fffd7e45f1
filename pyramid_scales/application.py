"""What one application keeps on its registry; there is no state in module globals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .settings import Settings, parse

if TYPE_CHECKING:
    from pyramid.registry import Registry

    from .recording.recorder import Recorder
    from .sharing.shared import Shared
    from .tree.mount import Mount

KEY = "pyramid_scales"


@dataclass(slots=True)
class Application:
    """The parts that the tween, the views and the tree of one application share."""

    settings: Settings
    recorder: Recorder | None = None
    """``None`` where nothing times requests."""
    mount: Mount | None = None
    shared: Shared | None = None
    """``None`` where the application is one process, or not to be seen as more."""
    rendering_seconds: float = 0.0
    """How long the last page took, for the metrics about ourselves."""
    title: str = ""
    """What people call it: the name of its package, where it has one."""
    notes: Sequence[str] = ()
    """Sentences about its configuration that every page must show."""


def of(registry: Registry) -> Application:
    """The application of a registry; a bare one where pyramid_scales was not included.

    (``scales_stats`` may be registered without the include.)
    """
    application: Any = registry.get(KEY)
    if application is None:
        application = registry[KEY] = Application(parse(registry.settings or {}))
    result: Application = application
    return result

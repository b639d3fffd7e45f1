"""The page of a snapshot made by hand, and its markup read back."""

from __future__ import annotations

from bs4 import BeautifulSoup
from recorded import SECOND, Event, labels, recorded
from snapshots import snapshot

from pyramid_scales.address import Address
from pyramid_scales.lookup import find
from pyramid_scales.page import page

ADDRESS = Address("/scales/")
NOW = 10_000 * SECOND
KNOWN = (("home", "/", "shop.home"), ("never", "/never/{id}", "shop.never"))


def context(root, path=(), **fields):
    """What the page at ``path`` depends on; ``requests``, ``workers``, … go into the snapshot."""
    names = ("problems", "requests", "workers", "notes", "approximate")
    shown = snapshot(root, **{name: fields.pop(name) for name in names if name in fields})
    return page.PageContext(
        **{"found": find(root, path), "path": path, "address": ADDRESS, **fields}, snapshot=shown
    )


def rendered(root, path=(), **fields):
    """The page as text."""
    return page.render(context(root, path, **fields))


def parsed(root, path=(), **fields):
    """The page as a document."""
    return BeautifulSoup(rendered(root, path, **fields), "html.parser")


def some_requests():
    """Ten of ``home``, one of ``book`` that failed; all of the last minute."""
    events = [Event(NOW - (5 + 3 * number) * SECOND, labels(), 20_000_000) for number in range(10)]
    events.append(Event(NOW - 7 * SECOND, labels("book", "POST", 500, "shop.Broken"), 400_000_000))
    return recorded(events, NOW, started=NOW - 600 * SECOND)

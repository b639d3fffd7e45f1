"""May this request see the page? Closed to strangers as installed."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re

from pyramid.interfaces import IRootFactory, ISecurityPolicy
from pyramid.request import Request
from pyramid.traversal import DefaultRootFactory

from .settings import Settings

log = logging.getLogger(__name__)

_PROXY_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
_THIS_MACHINE = re.compile(r"(([a-z0-9-]+\.)*localhost|127(\.[0-9]+){3}|\[::1\])(:[0-9]*)?", re.IGNORECASE)
"""Values of ``Host`` by which a machine calls itself."""


def allowed(request: Request, settings: Settings) -> bool:
    """Whether one of the configured ways (host, token, permission) lets the request in."""
    return (
        _host_allowed(request.environ, settings)
        or _token_allowed(request.environ, settings)
        or _permission_allowed(request, settings)
    )


REFUSAL = (
    "This page shows the inside of the application, so not everyone may see it.",
    "As installed, it answers direct connections from its own machine that ask for localhost."
    " One of these settings lets others in:",
    "scales.token is a secret; the caller sends the header Authorization: Bearer TOKEN.",
    "scales.permission is a permission of the application's security policy, for people who are logged in.",
    "scales.hosts are the networks, such as 10.0.0.0/8, from which direct connections may come.",
    "A request that came through a proxy, or one of the machine itself that asks for another host than"
    " localhost, is not judged by its address: it needs the token or the permission.",
)
"""What a refused caller is told: the settings that would let them in, and nothing about the application."""


def _host_allowed(environ: dict[str, object], settings: Settings) -> bool:
    """Judge direct connections only: behind a proxy, the address is the proxy's and says nothing."""
    if not settings.hosts or any(header in environ for header in _PROXY_HEADERS):
        return False
    if "REMOTE_ADDR" not in environ:
        # No server leaves it out: this is a call from within the process (WebTest, prequest).
        return True
    try:
        # A zone (fe80::1%eth0) belongs to the link, not to the address.
        address = ipaddress.ip_address(str(environ["REMOTE_ADDR"]).partition("%")[0])
    except ValueError:
        # A unix socket: '' from gunicorn, 'localhost' from waitress. No client's address.
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.is_loopback and not _from_this_machine(environ):
        return False
    return any(mapped in network or address in network for network in settings.hosts)


def _from_this_machine(environ: dict[str, object]) -> bool:
    """Whether a request from a loopback address was made here, not passed on by something here."""
    if not _THIS_MACHINE.fullmatch(str(environ.get("HTTP_HOST", "localhost"))):
        # A proxy on this machine whose headers waitress has dropped, as it does unless it is told to trust
        # them; or a page of somebody else in a browser here, whose name leads to 127.0.0.1 by now.
        return False
    # nginx with a bare proxy_pass sends no header of a proxy, and our own address as the host. But what it
    # speaks by default is spoken by no browser, scraper or curl (w3m closes without saying so).
    return (environ.get("SERVER_PROTOCOL"), environ.get("HTTP_CONNECTION")) != ("HTTP/1.0", "close")


def _token_allowed(environ: dict[str, object], settings: Settings) -> bool:
    if settings.token is None:
        return False
    scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).strip().partition(" ")
    given = token.strip().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, settings.token.encode()) and scheme.lower() == "bearer"


def _permission_allowed(request: Request, settings: Settings) -> bool:
    """Without a security policy Pyramid allows everything, which must not open the page."""
    if settings.permission is None or request.registry.queryUtility(ISecurityPolicy) is None:
        return False
    try:
        return bool(request.has_permission(settings.permission, _context(request)))
    except Exception:
        log.exception("the security policy failed on the permission %s", settings.permission)
        return False


def _context(request: Request) -> object:
    """The object whose permissions count; a path that no route could read has not led to one yet."""
    if hasattr(request, "context"):
        return request.context
    return request.registry.queryUtility(IRootFactory, default=DefaultRootFactory)(request)

"""An application that answers as slowly, and fails as often, as it is told to."""

from __future__ import annotations

import os
import time

from greplin import scales
from pyramid.config import Configurator
from pyramid.response import Response

TOKEN = "a-token-for-the-tests"


class Shop:
    """What the application counts."""

    orders = scales.IntStat("orders")
    codes = scales.IntDictStat("codes")
    size = scales.PmfStat("size")

    def __init__(self):
        scales.init(self, "/shop")


def slow(request):
    time.sleep(float(request.matchdict["seconds"]))
    shop = request.registry["shop"]
    shop.orders += 1
    shop.codes['awkward "key"\n\\'] += 1
    shop.size = 1.0
    return Response(str(os.getpid()))


def broken(request):
    raise LookupError("as it was told to")


def make():
    """The application; its workers share the directory that the environment names."""
    settings = {"scales.shared_dir": os.environ["SHARED_DIR"], "scales.token": TOKEN}
    config = Configurator(settings=settings)
    config.registry["shop"] = Shop()
    config.add_route("slow", "/slow/{seconds}")
    config.add_route("broken", "/broken")
    config.add_view(slow, route_name="slow")
    config.add_view(broken, route_name="broken")
    config.include("pyramid_scales")
    return config.make_wsgi_app()

"""An application with statistics of its own, for servers that run it in several processes."""

from __future__ import annotations

import os
import time

from greplin import scales
from pyramid.config import Configurator
from pyramid.response import Response


class Shop:
    """What the application counts."""

    orders = scales.IntStat("orders")
    size = scales.PmfStat("size")
    where = scales.Stat("where")

    def __init__(self):
        scales.init(self, "/shop")


shop = Shop()


def order(request):
    time.sleep(0.002)  # long enough for another worker to take the next one
    shop.orders += 1
    shop.size = 1.0
    return Response(str(os.getpid()))


def make(**settings):
    """The application; shares in the directory that the environment names."""
    chosen = {f"scales.{name}": value for name, value in settings.items()}
    config = Configurator(settings={"scales.shared_dir": os.environ["SHARED_DIR"], **chosen})
    config.include("pyramid_scales")
    config.add_route("order", "/order")
    config.add_view(order, route_name="order")
    return config.make_wsgi_app()


app = make()

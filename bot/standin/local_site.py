"""A web server for this machine alone: on 127.0.0.1, and deaf to what a foreign page in a browser
could send.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler

ADDRESS = "127.0.0.1"
STOP_WITHIN_S = 1.0


class LocalSite:
    """Serves the routes that `start` gets, on a free port; `port` is 0 until then."""

    def __init__(self) -> None:
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The root, with its slash; the port is known once the site was started."""
        return f"http://{ADDRESS}:{self.port}/"

    async def start(self, routes: Iterable[web.AbstractRouteDef]) -> None:
        """Listen."""
        app = web.Application(middlewares=[self._only_from_here])
        app.router.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, ADDRESS, self.port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Give requests under way a second, then end them."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _only_from_here(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse another host name (DNS rebinding) and another origin."""
        hosts = {f"{ADDRESS}:{self.port}", f"localhost:{self.port}"}
        origin = request.headers.get("Origin")
        if request.host not in hosts or (
            origin is not None and origin.removeprefix("http://") not in hosts
        ):
            raise web.HTTPForbidden(text="this server answers its own page only")
        return await handler(request)

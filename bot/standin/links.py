"""What apps.connections.open gives out: a WebSocket address that lets in once."""

from __future__ import annotations

import secrets

from aiohttp import web

from bot.standin.local_site import LocalSite
from bot.standin.socket_mode import SocketMode


class Links:
    """Addresses under /link/ of `site`; whoever comes by one gets a socket of `sockets`."""

    def __init__(self, site: LocalSite, sockets: SocketMode) -> None:
        self._site = site
        self._sockets = sockets
        self._tickets: set[str] = set()

    def give(self) -> str:
        """A URL for one connection."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{self._site.url.replace('http', 'ws', 1)}link/{ticket}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The connection, from its hello to its end; 403 for a ticket that was used."""
        try:
            self._tickets.remove(request.match_info["ticket"])
        except KeyError:
            raise web.HTTPForbidden(text="this ticket was used or never given out") from None
        return await self._sockets.serve(request)

"""The stand-in's Socket Mode: envelopes over WebSockets, acknowledgements, redelivery, `disconnect`
(docs.slack.dev, Using Socket Mode).
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.standin.workspace import Changes, Json

MAX_SOCKETS = 10
ACK_WITHIN_S = 3.0
# of HTTP (docs.slack.dev, Events API): the same is assumed for sockets, and for when there is none
RETRIES_AFTER_S = (60.0, 300.0)
CLOSE_AFTER_S = 1.0
# what Slack says of a fresh connection: it is refreshed after about five hours
CONNECTION_S = 18_060


@dataclass(eq=False)
class Envelope:
    """One delivery to the app. `acked` gets the payload of its acknowledgement."""

    envelope_id: str
    kind: str
    payload: Json
    attempt: int
    acked: asyncio.Future[Json] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    sent: bool = False
    withdrawn: bool = False

    def frame(self) -> Json:
        """The JSON that goes over the WebSocket; only events say which try it is and why there was
        another (docs.slack.dev, Using Socket Mode).
        """
        reason = "timeout" if self.attempt else ""
        retry = (
            {"retry_attempt": self.attempt, "retry_reason": reason}
            if self.kind == "events_api"
            else {}
        )
        accepts = self.kind != "events_api"
        return {
            "envelope_id": self.envelope_id,
            "type": self.kind,
            "payload": self.payload,
            "accepts_response_payload": accepts,
            **retry,
        }


class SocketMode:
    """Each envelope goes to one open socket, in turn. An event for which none is open, or that is
    not acknowledged, is tried again as long after the first time as `retries_after_s` says, then
    it is lost. `acks` holds what was acknowledged, and `lost` what was lost, in order.
    """

    def __init__(self, app_id: str, retries_after_s: Sequence[float], changes: Changes) -> None:
        self.acks: list[Envelope] = []
        self.lost: list[Json] = []
        self.sockets: list[web.WebSocketResponse] = []
        self._app_id = app_id
        self._retries_after_s = tuple(retries_after_s)
        self._deaf: set[web.WebSocketResponse] = set()
        self._changes = changes
        self._all: list[web.WebSocketResponse] = []
        self._waiting: deque[Envelope] = deque()
        self._unacked: dict[str, Envelope] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._count = 0
        self._pump: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to deliver what waits; needs a running loop."""
        self._pump = asyncio.create_task(self._deliver())

    async def stop(self) -> None:
        """Close the sockets and end what waits."""
        for timer in self._timers.values():
            timer.cancel()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await asyncio.gather(*(socket.close() for socket in self._all), return_exceptions=True)

    def send(self, kind: str, payload: Json, attempt: int = 0) -> Envelope:
        """Send an envelope. What a person waits for leaves as soon as a socket is open."""
        self._count += 1
        envelope = Envelope(str(uuid.UUID(int=self._count)), kind, payload, attempt)
        self._unacked[envelope.envelope_id] = envelope
        if kind == "events_api":
            self._try_again_later(envelope)
        if self.sockets or kind != "events_api":
            self._waiting.append(envelope)
        self._changes.happened()
        return envelope

    def withdraw(self, envelope: Envelope) -> None:
        """Nobody waits for its acknowledgement any more; if it was not sent yet, it never is."""
        envelope.withdrawn = True
        self._unacked.pop(envelope.envelope_id, None)

    def deafen(self) -> None:
        """The sockets that are open now bring nothing any more, and stay open."""
        self._deaf.update(self.sockets)

    async def lose(self) -> None:
        """Break every open socket as a network does; returns once all are closed."""
        losing, self.sockets = self.sockets, []
        await asyncio.gather(*(socket.close() for socket in losing))

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every open socket to go; returns once all are closed, by the client or after a
        second by us. A `warning` comes some seconds ahead of that, and closes none.
        """
        leaving = list(self.sockets)
        if reason != "warning":
            self.sockets.clear()
        for socket in leaving:
            await _send(socket, _goodbye(reason))
        if reason != "warning":
            await asyncio.gather(*(self._close_later(socket) for socket in leaving))

    async def _close_later(self, socket: web.WebSocketResponse) -> None:
        try:
            await asyncio.wait_for(
                self._changes.until(lambda: socket not in self._all), CLOSE_AFTER_S
            )
        except TimeoutError:
            await socket.close()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One socket, from hello to its end."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self.sockets) >= MAX_SOCKETS:
            await _send(socket, _goodbye("too_many_websockets"))
            await socket.close()
            return socket
        self._all.append(socket)
        self.sockets.append(socket)
        await _send(socket, _hello(self._app_id, len(self.sockets)))
        self._changes.happened()
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._ack(frame.data)
        finally:
            self._all.remove(socket)
            if socket in self.sockets:
                self.sockets.remove(socket)
            self._changes.happened()
        return socket

    def _ack(self, text: str) -> None:
        answer = _object(text)
        envelope = self._unacked.pop(str(answer.get("envelope_id")), None)
        if envelope is None:
            return
        if timer := self._timers.pop(envelope.envelope_id, None):
            timer.cancel()
        envelope.acked.set_result(answer.get("payload") or {})
        self.acks.append(envelope)
        self._changes.happened()

    async def _deliver(self) -> None:
        while True:
            await self._changes.until(lambda: self._waiting and self.sockets)
            envelope = self._waiting.popleft()
            if envelope.withdrawn:
                continue
            socket = self.sockets.pop(0)
            if socket in self._deaf:
                envelope.sent = True
                self.sockets.append(socket)
                continue
            if not await _send(socket, envelope.frame()):  # on its way out, so it gets nothing more
                if self.sockets or envelope.kind != "events_api":
                    self._waiting.appendleft(envelope)
                continue
            if not socket.closed:
                self.sockets.append(socket)
            envelope.sent = True

    def _try_again_later(self, envelope: Envelope) -> None:
        within_s = _until_next_s(envelope.attempt, self._retries_after_s)
        self._timers[envelope.envelope_id] = asyncio.get_running_loop().call_later(
            within_s, self._late, envelope
        )

    def _late(self, envelope: Envelope) -> None:
        """Not acknowledged in time: the same payload in a new envelope, or it is lost."""
        self._timers.pop(envelope.envelope_id, None)
        if envelope.envelope_id not in self._unacked:
            return
        self.withdraw(envelope)
        if envelope.attempt < len(self._retries_after_s):
            self.send(envelope.kind, envelope.payload, envelope.attempt + 1)
        else:
            self.lost.append(envelope.payload)
            self._changes.happened()


def _hello(app_id: str, connections: int) -> Json:
    debug = {"host": "stand-in", "build_number": 1, "approximate_connection_time": CONNECTION_S}
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": debug,
        "connection_info": {"app_id": app_id},
    }


def _until_next_s(attempt: int, retries_after_s: Sequence[float]) -> float:
    """How long this try has, before the next or, behind the last, before it is lost."""
    times = (0.0, *retries_after_s)
    is_last = attempt >= len(retries_after_s)
    return ACK_WITHIN_S if is_last else times[attempt + 1] - times[attempt]


def _object(text: str) -> Json:
    """The JSON object; empty where it is none."""
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _goodbye(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "stand-in"}}


async def _send(socket: web.WebSocketResponse, frame: Json) -> bool:
    try:
        await socket.send_json(frame)
    except (ConnectionError, RuntimeError):  # RuntimeError: closing
        return False
    return True

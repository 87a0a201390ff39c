"""The stand-in's modals: opened with a trigger that is good once and for three seconds, kept as a
stack of at most three (docs.slack.dev, Modals, and views.open, views.push, views.update).
"""

from __future__ import annotations

import copy
import itertools
import json
import secrets
import time
from dataclasses import dataclass, field

from bot.standin.surfaces import check_view
from bot.standin.workspace import Json, SlackError, Workspace

TRIGGER_LIFE_S = 3.0
MAX_STACK = 3
MAX_VIEW_BYTES = 250_000


@dataclass
class _Trigger:
    user: str
    root_id: str | None
    given_s: float
    is_used: bool = False


@dataclass
class Views:
    """The modals that people have open. `open` is by id, newest last; each has its `user`, and
    is kept as apps get it.
    """

    workspace: Workspace
    open: dict[str, Json] = field(default_factory=dict)
    _triggers: dict[str, _Trigger] = field(default_factory=dict)
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def trigger(self, user: str, root_id: str | None = None) -> str:
        """What a person's act lets an app do once, within three seconds; `root_id` is the stack
        that the act was done in.
        """
        number = next(self._count)
        trigger_id = f"{number}.{self.workspace.team_id}.{secrets.token_hex(8)}"
        self._triggers[trigger_id] = _Trigger(user, root_id, self.workspace.clock())
        return trigger_id

    def open_view(self, arguments: Json) -> Json:
        """views.open: a new stack."""
        trigger = self._use(arguments)
        return {"view": self._shown(arguments.get("view"), trigger.user, None)}

    def push(self, arguments: Json) -> Json:
        """views.push: one more on the stack that the trigger came from, three at most."""
        trigger = self._use(arguments)
        root_id = trigger.root_id
        if root_id is None or root_id not in self.open:
            raise SlackError("not_found")
        if len(self._stack(root_id)) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        return {"view": self._shown(arguments.get("view"), trigger.user, root_id)}

    def update(self, arguments: Json) -> Json:
        """views.update, by `view_id` or `external_id`; with `hash` only where nobody else was
        faster.
        """
        view = self._found(arguments)
        wanted = arguments.get("hash")
        if wanted and wanted != view["hash"]:
            raise SlackError("hash_conflict")
        return {"view": self.replace(view, arguments.get("view"))}

    def replace(self, view: Json, new: object) -> Json:
        """Put `new` in its place: the id stays, the hash is another. A copy of it."""
        kept = self._checked(new)
        view_id, user = view["id"], view["user"]
        placed = {**_fresh(kept), "id": view_id, "user": user, "root_view_id": view["root_view_id"]}
        view.clear()
        view.update(placed)
        self.workspace.changes.happened()
        return copy.deepcopy(view)

    def push_answer(self, below: Json, new: object) -> Json:
        """What an app pushed by its acknowledgement of a submission."""
        root_id = below["root_view_id"]
        if len(self._stack(root_id)) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        return self._shown(new, below["user"], root_id)

    def close(self, view_id: str, *, whole_stack: bool = False) -> None:
        """The person closed it, or its submission did."""
        view = self.open.pop(view_id, None)
        if view is not None and whole_stack:
            for each in self._stack(view["root_view_id"]):
                self.open.pop(each["id"], None)
        self.workspace.changes.happened()

    def _use(self, arguments: Json) -> _Trigger:
        trigger = self._triggers.get(str(arguments.get("trigger_id")))
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self.workspace.clock() - trigger.given_s > TRIGGER_LIFE_S:
            raise SlackError("expired_trigger_id")
        self._checked(arguments.get("view"))  # a view that is refused leaves the trigger as it was
        trigger.is_used = True
        return trigger

    def _stack(self, root_id: str) -> list[Json]:
        return [view for view in self.open.values() if view["root_view_id"] == root_id]

    def _shown(self, view: object, user: str, root_id: str | None) -> Json:
        view_id = f"V{next(self._count):010d}"
        placed = {"id": view_id, "user": user, "root_view_id": root_id or view_id}
        self.open[view_id] = {**_fresh(self._checked(view)), **placed}
        self.workspace.changes.happened()
        return copy.deepcopy(self.open[view_id])

    def _found(self, arguments: Json) -> Json:
        view_id, external_id = arguments.get("view_id"), arguments.get("external_id")
        for view in self.open.values():
            if view["id"] == view_id or (external_id and view.get("external_id") == external_id):
                return view
        raise SlackError("not_found")

    def _checked(self, view: object) -> Json:
        """The view as an object; refused as Slack refuses it."""
        if isinstance(view, str):
            try:
                view = json.loads(view)
            except ValueError:
                view = None
        if not isinstance(view, dict):
            raise SlackError("invalid_arguments")
        if len(json.dumps(view, ensure_ascii=False).encode()) > MAX_VIEW_BYTES:
            raise SlackError("view_too_large")
        check_view(view, takes_newer=self.workspace.takes_newer)
        return view


def _fresh(view: Json) -> Json:
    fresh = {"hash": f"{time.time():.0f}.{secrets.token_hex(4)}", "state": {"values": {}}}
    kept = copy.deepcopy(view)
    for place, block in enumerate(kept["blocks"]):
        block.setdefault("block_id", f"made{place}")  # Slack makes one up
    return {**kept, **fresh}

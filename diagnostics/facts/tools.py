"""What the host's kernel and its numactl can do, from sections `uname` and `numactl` (the policies
that its help names).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing, Section

_RELEASE = re.compile(r"^Linux (\d{1,3})\.(\d{1,4})", re.MULTILINE)


@dataclass(frozen=True)
class Tools:
    """`kernel` is (major, minor). `policies` are numactl's own long options; empty where they could
    not be seen.
    """

    kernel: tuple[int, int] | None
    policies: frozenset[str]

    def can(self, policy: str, since: tuple[int, int]) -> bool:
        """Whether both know a policy: what is not certain is not offered."""
        return self.kernel is not None and self.kernel >= since and policy in self.policies


def read(bundle: Bundle) -> Tools | Missing:
    """The kernel's version and numactl's policies. Empty when `uname` names no Linux and numactl is
    not there or names no policy: `kernel` is None, `policies` has none; Missing where section
    `uname` did not come.
    """
    uname, numactl = bundle.get("uname"), bundle.get("numactl")
    if isinstance(uname, Missing):
        return uname
    release = _RELEASE.search(uname.text)
    policies = frozenset(numactl.text.split()) if isinstance(numactl, Section) else frozenset[str]()
    return Tools((int(release[1]), int(release[2])) if release else None, policies)

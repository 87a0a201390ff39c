"""Reports on bundles and logs of which something can be said."""

from __future__ import annotations

from diagnostics.bundle import Bundle
from diagnostics.engine import diagnose, diagnose_log
from diagnostics.facts.kernel_log import KernelLog
from diagnostics.model import Examined


def examined(bundle: Bundle) -> Examined:
    """The report; that there is one is asserted."""
    host = diagnose(bundle)
    assert isinstance(host, Examined), host
    return host


def examined_log(log: KernelLog) -> Examined:
    host = diagnose_log(log)
    assert isinstance(host, Examined), host
    return host

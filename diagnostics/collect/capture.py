"""What a running probe has printed so far: counted, bounded, and usable at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from diagnostics.bundle import Bundle, Missing
from diagnostics.framing import ENDED_EARLY, unframe
from diagnostics.probe import MAX_OUTPUT_BYTES
from diagnostics.redact import redact, redact_bundle

MAX_STDERR_BYTES = 16 * 1024
_SHOWN_STDERR_CHARS = 200
_LAST_LINE = b"\n=done\n"


@dataclass
class Capture:
    """Collects one probe's output. `stopped` is why it was ended before its own end, as words that follow "the probe"."""

    stopped: str | None = None
    _stdout: bytearray = field(default_factory=bytearray)
    _stderr: bytearray = field(default_factory=bytearray)

    def take_stdout(self, data: bytes) -> bool:
        """Keep `data` up to MAX_OUTPUT_BYTES; True when no more is wanted: the probe said that it is done, or the cap is reached."""
        room = MAX_OUTPUT_BYTES - len(self._stdout)
        self._stdout += data[:room]
        if len(data) > room:
            self.stopped = f"printed more than {MAX_OUTPUT_BYTES} bytes and was stopped"
        return self.stopped is not None or self._stdout.endswith(_LAST_LINE)

    def take_stderr(self, data: bytes) -> bool:
        """Keep `data` up to MAX_STDERR_BYTES; True when the cap is reached."""
        room = MAX_STDERR_BYTES - len(self._stderr)
        self._stderr += data[:room]
        if len(data) > room:
            self.stopped = f"wrote more than {MAX_STDERR_BYTES} bytes to stderr and was stopped"
        return self.stopped is not None

    def result(self, host: str, where: str) -> Bundle | Missing:
        """The bundle in what came, also when only a part came; Missing if no section came. `where` opens the sentence."""
        found = unframe(bytes(self._stdout), host)
        if isinstance(found, Bundle) and found.sections:
            return redact_bundle(self._with_reason(found))
        if self.stopped is not None:
            return Missing(f"{where}: the probe {self.stopped}; nothing it printed can be used{self._said()}")
        if isinstance(found, Bundle):
            return Missing(f"{where}: the probe began and ended without a section: is the host's copy of the probe whole?{self._said()}")
        return Missing(f"{where}: {found.because}{self._said()}")

    def _with_reason(self, bundle: Bundle) -> Bundle:
        if self.stopped is None:
            return bundle
        why = f"the probe {self.stopped} before it came"
        return replace(bundle, missing={name: why if old == ENDED_EARLY else old for name, old in bundle.missing.items()})

    def _said(self) -> str:
        text = redact(self._stderr.decode("utf-8", errors="replace")).strip()[:_SHOWN_STDERR_CHARS]  # a cut secret is not known as one
        return f" (stderr: {text!r})" if text else ""

"""What a running probe has printed so far: counted, bounded, and usable at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from diagnostics.bundle import Bundle, Missing
from diagnostics.bundle.broken_off import missing_since
from diagnostics.bundle.copies import COPY_IT
from diagnostics.bundle.framing import ENDED_EARLY, another_probe, is_busy, unframe
from diagnostics.bundle.redact import redact_bundle
from diagnostics.bundle.redact_text import redact
from diagnostics.probe import MAX_OUTPUT_BYTES

MAX_STDERR_BYTES = 16 * 1024
_SHOWN_STDERR_CHARS = 200
# dash and busybox, bash, bash of a line that ends in ^M
_NO_SUCH_PROGRAM = (b"not found", b"No such file", b"bad interpreter")
_LAST_LINE = b"\n=done\n"


class Pool:
    """The bytes of all answers under way together: where they are used up, each may still have its
    share.
    """

    def __init__(self, most_bytes: int, share_bytes: int) -> None:
        self._left_bytes = most_bytes
        self._share_bytes = share_bytes

    def take(self, size: int, held: int) -> bool:
        """Count `size` bytes for one that holds `held`; False where there is no room for them."""
        if size > self._left_bytes and held + size > self._share_bytes:
            return False
        self._left_bytes -= size
        return True

    def give_back(self, size: int) -> None:
        """Make room again for `size` bytes that were taken."""
        self._left_bytes += size


@dataclass
class Capture:
    """Collects one probe's output. `stopped` is why it was ended before its own end, as words that
    follow "the probe".

    `busy_s` is for how long another probe was seen to run on the host.
    """

    pool: Pool | None = None
    stopped: str | None = None
    busy_s: float = 0.0
    _stdout: bytearray = field(default_factory=bytearray)
    _stderr: bytearray = field(default_factory=bytearray)

    @property
    def size(self) -> int:
        """Bytes of stdout so far."""
        return len(self._stdout)

    def take_stdout(self, data: bytes) -> bool:
        """Keep `data` up to MAX_OUTPUT_BYTES; True when no more is wanted: the probe said that it
        is done, or the cap is reached.
        """
        kept = data[: MAX_OUTPUT_BYTES - self.size]
        if self.pool is not None and not self.pool.take(len(kept), self.size):
            self.stopped = (
                "printed more than sevbot can hold beside what other hosts print at "
                "the same time, and was stopped"
            )
            return True
        self._stdout += kept
        if len(data) > len(kept):
            self.stopped = f"printed more than {MAX_OUTPUT_BYTES} bytes and was stopped"
        return self.stopped is not None or self._stdout.endswith(_LAST_LINE)

    def take_stderr(self, data: bytes) -> bool:
        """Keep `data` up to MAX_STDERR_BYTES; True when the cap is reached."""
        room = MAX_STDERR_BYTES - len(self._stderr)
        self._stderr += data[:room]
        if len(data) > room:
            self.stopped = f"wrote more than {MAX_STDERR_BYTES} bytes to stderr and was stopped"
        return self.stopped is not None

    @property
    def is_busy(self) -> bool:
        """Whether the probe said that another one is running, and no more."""
        return is_busy(self._stdout)

    def begin_again(self) -> None:
        """Forget what came; the probe runs anew."""
        if self.pool is not None:
            self.pool.give_back(self.size)
        self._stdout.clear()
        self._stderr.clear()

    def release(self) -> None:
        """Give the pool back what was taken; nothing more may be taken then."""
        if self.pool is not None:
            self.pool.give_back(self.size)
            self.pool = None

    def result(self, host: str, where: str) -> Bundle | Missing:
        """The bundle in what came, also when only a part came; Missing if no section came. `where`
        opens the sentence.
        """
        found = unframe(bytes(self._stdout), host)
        if isinstance(found, Bundle) and found.sections:
            remarks = {name: redact(why) for name, why in found.remarks.items()}
            return replace(redact_bundle(self._with_reason(found)), remarks=remarks)
        if self.is_busy:
            return Missing(f"{where}: {another_probe(self.busy_s)}{self._said()}", ask_again=True)
        if self.stopped is not None:
            return Missing(
                f"{where}: the probe {self.stopped}; nothing it printed can be used{self._said()}"
            )
        if isinstance(found, Bundle):
            why = found.remarks.get("probe", f"is the host's copy whole? Else {COPY_IT}")
            return Missing(
                f"{where}: the probe began and ended without a section: {why}{self._said()}"
            )
        return Missing(f"{where}: {self._why_not_started() or found.because}{self._said()}")

    def _why_not_started(self) -> str | None:
        """By what the login shell said of the forced command, and nothing else came; None where
        that tells nothing.
        """
        said = b"" if self._stdout.strip() else bytes(self._stderr)
        if any(words in said for words in _NO_SUCH_PROGRAM):
            return (
                "the forced command is missing there, or was saved with Windows line ends: "
                f"{COPY_IT}"
            )
        if b"Permission denied" in said:
            return (
                "the forced command may not be run by the account: `chmod 755 "
                "/usr/libexec/sevbot-probe`"
            )
        return None

    def _with_reason(self, bundle: Bundle) -> Bundle:
        if self.stopped is None:
            return bundle
        why = missing_since(self.stopped)
        return replace(
            bundle,
            missing={
                name: why if old == ENDED_EARLY else old for name, old in bundle.missing.items()
            },
        )

    def _said(self) -> str:
        # a cut secret is not known as one
        text = redact(self._stderr.decode("utf-8", errors="replace")).strip()[:_SHOWN_STDERR_CHARS]
        return f" (stderr: {text!r})" if text else ""

"""disk-full: a file system is full (of data or of inodes) or was made read-only by an error, and a
service that writes there gave up.

Fires when a service ended and said just before that it found no space (or a read-only file system),
and a local file system is full (or the kernel logged that it made one read-only). It is `likely` at
most, since what the service met is its own word; a file that it names must lie on the full file
system, and where it names none it is `possible`.
Where how services ended could not be seen, as in a log file, the kernel's line alone makes it
`likely`.
Stays clear when no local file system is full and the kernel made none read-only. Cannot tell when
one is, and no service that ended speaks of it; or when neither df nor the last words came.
Looks like, but is not: a read-only image, which is always full; a limit of inotify watches, of
which programs say the same.

Kernel: fs/ext4/super.c ext4_handle_error; df(1), write(2) ENOSPC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from diagnostics.bundle import Missing
from diagnostics.confidence import ENDS_NOT_SEEN, of_kernels_lines, of_own_words
from diagnostics.evidence import Evidence
from diagnostics.facts.filesystems import Filesystem, Filesystems
from diagnostics.facts.kernel_events import Said, Wording
from diagnostics.facts.last_words import LastWords, Line
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.kernel_lines import kernel_lines, no_kernel_line
from diagnostics.model import Clear, Disk, Finding, Outcome, Remedy, Unknown
from diagnostics.recent import is_recent, say_moment
from diagnostics.services.service_case import Ends, Told, finding, journal_of, quote
from diagnostics.sizes import human

CODE = "disk-full"
NO_SPACE = (
    "no space left on device",
    "enospc",
    "disk full",
    "disk is full",
    "not enough space",
    "disk quota exceeded",
)
READ_ONLY = ("read-only file system", "erofs")
_PATH = re.compile(r"(?<![\w/.])/[\w./@+-]{1,300}")
READ_ONLY_NOW = "a file system that became read-only"
NO_FILE_NAMED = "It did not say which file it could not write."
NEITHER = "no local file system is full, and the kernel made none read-only"
REMOUNTED = Wording(
    "Remounting filesystem read-only",
    re.compile(
        r"^(?:EXT[234]-fs|F2FS-fs"
        r"|NILFS) \((?P<device>[^()\s]{1,40})\): Remounting filesystem read-only"
    ),
)
KERNEL_SAYS = (REMOUNTED,)
EXPLAINED = ("application-exit", "start-limit-hit")
MAKE_ROOM = Remedy(
    action="make-room",
    says=(
        "Make room there (“du -xh --max-depth=2”, deleted files that are still open: “lsof "
        "+L1”), then start the service again."
    ),
    because="Restarting alone meets the same full disk.",
)
CHECK_DISK = Remedy(
    action="check-the-disk",
    says=(
        "Read the kernel's lines before that one, save what is on it, and check the file system "
        "and the disk below it."
    ),
    because=(
        "The kernel makes a file system read-only when it finds it damaged, so that it gets "
        "no worse."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for space, one for read-only file systems, or why there is none."""
    disks, journal = evidence.get(Filesystems), journal_of(evidence)
    lines = kernel_lines(evidence, REMOUNTED)
    remounted = () if isinstance(lines, Unknown) else lines  # which lasts, however long ago it was
    recent = [line for line in remounted if is_recent(evidence, line.event.wall)]
    if recent and isinstance(journal, Unknown):
        return (_by_kernel(recent),)
    if isinstance(disks, Missing):
        return Unknown(f"how full the file systems are was not seen ({disks.because})")
    if not disks.full and not remounted:
        if not isinstance(journal, Unknown) and (
            line := _ends_saying(evidence, journal, (*NO_SPACE, *READ_ONLY))[1]
        ):
            return Unknown(
                f"{line.unit} said so before it ended, but no local file system is full now",
                saw=True,
            )
        if not disks.whole:
            return Unknown("not all local file systems were seen")
        none = no_kernel_line(evidence, REMOUNTED)
        return none if isinstance(none, Unknown) else Clear(NEITHER)
    if isinstance(journal, Unknown):
        return journal
    found = (*_no_space(evidence, disks.full, journal), *_read_only(evidence, remounted, journal))
    where = ", ".join(dict.fromkeys(disk.mount for disk in disks.full)) or "a file system"
    return found or Unknown(
        f"{where} is {'full' if disks.full else 'read-only'}, but no service that ended "
        "said so in its last words",
        saw=True,
    )


def _no_space(evidence: Evidence, full: Sequence[Filesystem], journal: Ends) -> tuple[Finding, ...]:
    ends, line = _ends_saying(evidence, journal, NO_SPACE)
    disks = _meant(line, full, evidence) if line else ()
    if not disks or line is None:
        return ()
    said = "; ".join(
        f"{disk.mount} ({disk.kind}) has {_say_free(disk)} left of {_say_total(disk)}"
        for disk in disks[:3]
    )
    told = Told(
        code=CODE,
        headline="a full file system",
        did="gave up",
        why=f"It said {quote(line.text)}, and {said}.",
        remedy=MAKE_ROOM,
        explains=EXPLAINED,
        disks=tuple(map(_disk, disks)),
    )
    cited = (*(disk.citation for disk in disks[:3]), line.citation)
    named = _mount_of(line, evidence) is not None
    return (
        finding(evidence, told, ends, cited, judged=of_own_words(None if named else NO_FILE_NAMED)),
    )


def _meant(line: Line, full: Sequence[Filesystem], evidence: Evidence) -> Sequence[Filesystem]:
    """The full file systems that the line can be about: that of the file that it names, or all
    where it names none.
    """
    mount = _mount_of(line, evidence)
    return full if mount is None else [disk for disk in full if disk.mount == mount]


def _mount_of(line: Line, evidence: Evidence) -> str | None:
    """Where the last file that the line names lies."""
    disks, paths = evidence.get(Filesystems), _PATH.findall(line.text)
    if isinstance(disks, Missing) or not paths:
        return None
    mounts = {
        disk.mount for disk in disks.all if f"{paths[-1]}/".startswith(f"{disk.mount.rstrip('/')}/")
    }
    return max(mounts, key=len, default=None)


def _read_only(evidence: Evidence, remounted: Sequence[Said], journal: Ends) -> tuple[Finding, ...]:
    ends, line = _ends_saying(evidence, journal, READ_ONLY)
    if line is None:
        return ()
    device = _device_of(_mount_of(line, evidence), evidence)
    same = [line.event for line in remounted if device in (None, line.found["device"])]
    if not same:
        return ()
    told = Told(
        code=CODE,
        headline=READ_ONLY_NOW,
        did="gave up",
        why=f"It said {quote(line.text)}, and so did the kernel.",
        remedy=CHECK_DISK,
        explains=EXPLAINED,
    )
    judged = of_own_words(None if device else NO_FILE_NAMED)
    return (finding(evidence, told, ends, (same[-1].citation, line.citation), judged=judged),)


def _by_kernel(remounted: Sequence[Said]) -> Finding:
    """Where nobody could see how services ended: the kernel's own line is all there is."""
    last, found = remounted[-1]
    when = f" at {say_moment(last.at)}" if last.at else ""
    return Finding(
        code=CODE,
        headline=READ_ONLY_NOW,
        judged=of_kernels_lines([event for event, _ in remounted], ENDS_NOT_SEEN),
        story=(
            f"The kernel made {found['device']} read-only{when}, since it met an error there.",
            "No program can write to it any more.",
        ),
        citations=tuple(event.citation for event, _ in remounted[-2:]),
        remedies=(CHECK_DISK,),
    )


def _device_of(mount: str | None, evidence: Evidence) -> str | None:
    """As the kernel names it: `vdb` of /dev/vdb."""
    disks = evidence.get(Filesystems)
    found = (
        [disk.device for disk in disks.all if disk.mount == mount]
        if isinstance(disks, Filesystems)
        else []
    )
    return found[0].rpartition("/")[2] if found else None


def _ends_saying(
    evidence: Evidence, journal: Ends, phrases: Sequence[str]
) -> tuple[list[ServiceEvent], Line | None]:
    words = evidence.get(LastWords)
    if isinstance(words, Missing):
        return [], None
    found = ((end, words.saying(end.unit, end.wall, phrases)) for end in journal.ends)
    said = [(end, line) for end, line in found if line is not None and "inotify" not in line.text]
    return [end for end, _ in said], said[-1][1] if said else None


def _disk(disk: Filesystem) -> Disk:
    return Disk(mount=disk.mount, kind=disk.kind, what=disk.what, free=disk.free, total=disk.total)


def _say_free(disk: Filesystem) -> str:
    return human(max(disk.free, 0)) if disk.what == "space" else f"{max(disk.free, 0)} inodes"


def _say_total(disk: Filesystem) -> str:
    return human(disk.total) if disk.what == "space" else f"{disk.total}"

"""disk-full: a full or read-only file system, and a service that says so."""

from __future__ import annotations

import pytest

from tests.diagnostics.service_records import ended, finding_on, host_of, last_words

CODE = "disk-full"
END = ended(1, code="exited")
SAID = last_words("write /data/queue: No space left on device")
FULL = (
    "/dev/vdb ext4 1024000 1023996 0 100% /data\ninodes\n/dev/vdb ext4 65536 100 65436 1% /data\n"
)
NO_INODES = (
    "/dev/vdb ext4 1024000 1024 1022976 1% /data\ninodes\n/dev/vdb ext4 65536 65536 0 100% /data\n"
)
ROOM = (
    "/dev/vdb ext4 1024000 1024 1022976 1% /data\ninodes\n/dev/vdb ext4 65536 100 65436 1% /data\n"
)
REMOUNT = "kern  :crit  : [   99.000000] EXT4-fs (vdb): Remounting filesystem read-only\n"


@pytest.mark.parametrize(("disks", "left"), [(FULL, "0 kB left"), (NO_INODES, "0 inodes left")])
def test_likely_where_disk_and_words_agree(disks: str, left: str) -> None:
    """Of space or of inodes."""
    finding = finding_on(CODE, host_of(END, last_words=SAID, filesystems=disks))

    assert (finding.headline, str(finding.confidence)) == ("a full file system", "likely")
    assert left in finding.story[1]
    assert "No space left on device" in finding.story[1]


def test_the_file_that_it_names_must_lie_on_the_full_one() -> None:
    """Another is full always somewhere; where it names none it may be any."""
    root = "/dev/vda ext4 1024000 1024 1022976 1% /\n"
    assert (
        CODE
        in host_of(
            END,
            last_words=last_words("write /var/queue: No space left on device"),
            filesystems=root + FULL,
        ).unknown
    )
    assert (
        str(finding_on(CODE, host_of(END, last_words=SAID, filesystems=root + FULL)).confidence)
        == "likely"
    )
    unnamed = host_of(
        END, last_words=last_words("No space left on device"), filesystems=root + FULL
    )
    assert str(finding_on(CODE, unnamed).confidence) == "possible"
    assert (
        CODE
        in host_of(
            END,
            last_words=last_words("inotify_add_watch: No space left on device"),
            filesystems=FULL,
        ).unknown
    )


def test_a_read_only_file_system() -> None:
    """The kernel's own line, and the service's."""
    said = last_words("open /data/queue: Read-only file system")
    finding = finding_on(CODE, host_of(END, REMOUNT, last_words=said, filesystems=ROOM))

    assert finding.headline == "a file system that became read-only"
    for other in (REMOUNT.replace("kern  ", "user  "), REMOUNT.replace("vdb", "sdb1")):
        assert CODE in host_of(END, other, last_words=said, filesystems=ROOM).unknown
    unnamed = host_of(
        END, REMOUNT, last_words=last_words("Read-only file system"), filesystems=ROOM
    )
    assert str(finding_on(CODE, unnamed).confidence) == "possible"


def test_cannot_tell_where_no_service_speaks_of_it() -> None:
    """A full disk by itself ends nobody."""
    assert CODE in host_of(END, last_words=last_words("bye"), filesystems=FULL).unknown
    assert CODE in host_of(END, filesystems=FULL).unknown


def test_stays_clear_of_images_and_of_room() -> None:
    """A squashfs is always full."""
    image = "/dev/loop0 squashfs 65536 65536 0 100% /snap/core\n"
    assert CODE in host_of(END, last_words=last_words("bye"), filesystems=ROOM + image).clear


def test_cannot_tell_where_it_was_full_before() -> None:
    """A crash may free the space; a disk of another machine is not looked at; not all were seen."""
    assert "full now" in host_of(END, last_words=SAID, filesystems=ROOM).unknown[CODE]
    assert "not all" in host_of(END, filesystems=ROOM.partition("inodes")[0]).unknown[CODE]


def test_cannot_tell_without_df() -> None:
    """Its absence is not health."""
    assert CODE in host_of(END, last_words=SAID).unknown

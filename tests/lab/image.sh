#!/bin/bash
# Build what the lab boots, in a new DIRECTORY: disk.img (Debian with systemd and sshd), vmlinuz-*
# and initrd-* of two kernels, and the keys to get in (key, known_hosts).
# usage: image.sh DIRECTORY
# as root; needs mmdebstrap, e2fsprogs, busybox-static, gcc, openssh-client
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
suite=bookworm
packages=systemd,systemd-sysv,systemd-oomd,udev,dbus,openssh-server,numactl,kmod,procps,sudo
packages+=,earlyoom,nohang,podman,crun,supervisor,s6
# for sevbot itself as the documents install it
packages+=,python3-venv,ca-certificates,libpam-cap,libcap2-bin
disk_size=1800M

# the mirror that this machine itself installs from
# shellcheck disable=SC2016 # apt fills it in
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Codename: $suite" \
    'Label: Debian' 'Component: main' | head -n 1)
[ -n "$mirror" ] || { echo "image.sh: apt's sources name no mirror of Debian $suite" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror" "$suite-backports" >"$work/sources"

# The kernels of both suites are unpacked, not installed: their scripts would build an initramfs of
# the whole system.
cat >"$work/fetch-kernels" <<'SCRIPT'
cd /var/tmp
apt-cache show linux-image-cloud-amd64 | sed -n 's/^Depends: *\(linux-image-[^ ,]*\).*/\1/p' |
    sort -u | xargs apt-get download -q
SCRIPT
# shellcheck disable=SC2016 # mmdebstrap gives hooks the directory as $1
mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="copy-in $work/fetch-kernels /root" \
    --customize-hook='chroot "$1" sh -e /root/fetch-kernels' \
    --customize-hook="cp -a \"\$1\"/var/tmp/. $work/" "$suite" "$root" "$work/sources"

# -- the system: a network, a way in, nothing that runs by itself ---------------------------------
printf '[Match]\nType=ether\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n' \
    >"$root/etc/systemd/network/10-lab.network"
echo lab >"$root/etc/hostname"
rm -f "$root"/etc/ssh/ssh_host_* "$root/root/fetch-kernels"
ssh-keygen -q -t ed25519 -N '' -C lab -f "$root/etc/ssh/ssh_host_ed25519_key"
rm -f "$out/key" "$out/key.pub"
ssh-keygen -q -t ed25519 -N '' -C lab -f "$out/key"
install -D -m 600 "$out/key.pub" "$root/root/.ssh/authorized_keys"
echo "lab $(cut -d' ' -f1,2 <"$root/etc/ssh/ssh_host_ed25519_key.pub")" >"$out/known_hosts"
mkdir -p "$root/var/log/journal"
systemctl --quiet --root="$root" enable systemd-networkd ssh
systemctl --quiet --root="$root" disable earlyoom nohang nohang-desktop systemd-oomd supervisor \
    podman podman-auto-update podman-auto-update.timer podman-restart podman.socket \
    apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap fstrim.timer \
    dpkg-db-backup.timer
systemctl --quiet --root="$root" mask systemd-timesyncd getty@tty1 serial-getty@ttyS0 \
    systemd-networkd-wait-online ssh.socket
for program in holdmem misbehave; do
    cc -O2 -static -Wall -Werror -o "$root/usr/local/bin/$program" "$here/$program.c"
done

# -- the kernels, each with an initramfs that finds the disk --------------------------------------
for package in "$work"/linux-image-*.deb; do
    dpkg-deb -x "$package" "$work/kernel"
    kernel=$(basename "$work"/kernel/boot/vmlinuz-*)
    version=${kernel#vmlinuz-}
    cp "$work/kernel/boot/$kernel" "$out/"
    cp -a "$work/kernel/lib/modules" "$root/lib/"
    chroot "$root" depmod "$version"

    initrd=$work/initrd
    mkdir -p "$initrd"/{bin,proc,sys,dev,root} "$initrd/lib/modules/$version"
    cp "$(command -v busybox)" "$initrd/bin/busybox"
    cp "$here/init" "$initrd/init"
    chmod 755 "$initrd/init"
    for module in virtio_pci virtio_blk ext4 crc32c_generic; do
        chroot "$root" modprobe -S "$version" --show-depends "$module" |
            sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++' | while read -r file; do
        name=$(basename "$file")
        cp "$root$file" "$initrd/lib/modules/$version/$name"
        echo "$name" >>"$initrd/lib/modules/$version/order"
    done
    (cd "$initrd" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$out/initrd-$version"
    rm -rf "$work/kernel" "$initrd"
done

mke2fs -q -t ext4 -O ^has_journal -d "$root" "$out/disk.img" "$disk_size"

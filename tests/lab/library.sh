# What scenarios share; runs in the guest as root, before the scenario's own lines.
set -eu

# NAME 'COMMAND' ['LINES OF [Service]']: a service that is started again whenever it ends
service() {
    [ -e "/usr/local/bin/$1" ] || ln -s holdmem "/usr/local/bin/$1"
    printf '%s\n' '[Unit]' StartLimitIntervalSec=0 '[Service]' "ExecStart=$2" \
        Restart=always RestartSec=1 "${3:-}" >"/etc/systemd/system/$1.service"
    systemctl daemon-reload
    systemctl start --no-block "$1"
}

kills() { sed -n 's/^oom_kill //p' /proc/vmstat; }

wait_for() { # SECONDS 'TEST': until the test holds
    for _ in $(seq "$1"); do
        if eval "$2"; then return; fi
        sleep 1
    done
    echo "did not come within $1 s: $2" >&2
    exit 1
}

size_kb() { # NAME
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' \
        "/proc/$(systemctl show -P MainPID "$1")/status" 2>/dev/null || echo 0
}

wait_for_size() { wait_for 120 "[ 0\$(size_kb $1) -ge $2 ]"; } # NAME KB

wait_for_kills() { wait_for 120 "[ \$(kills) -ge $1 ]"; } # NUMBER

wait_for_ends() { wait_for 120 "[ \$(systemctl show -P NRestarts $1) -ge $2 ]"; } # NAME NUMBER

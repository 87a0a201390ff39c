#!/bin/sh
# sevbot's probe: the only thing sevbot runs on a host. It takes no argument, no input and no SSH_ORIGINAL_COMMAND, starts only
# programs that read, writes no file, and prints what docs/design.md describes. Everything it runs is in the table at the end.
# What it reads is data, never a program: names that others chose (of files, units, processes) go to a program by its environment or as
# a whole argument, and stand in no text of sed, awk, sh or find.
# To look at its output use a pipe (`sh probe.sh | less`): it forbids itself to write files, so `sh probe.sh > file` stays empty.
# shellcheck disable=SC2016,SC3045,SC3067 # programs in single quotes expand where they run; dash, ash, bash and ksh have ulimit -c, [ -O

PATH=/usr/sbin:/usr/bin:/sbin:/bin # never the caller's
export PATH
unset IFS CDPATH ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT # what could alter this shell and the first program
# bash takes functions from the environment, and one goes before a program of its name
unset -f awk cat command date df dmesg docker find flock grep head journalctl kill ls numactl printf read readlink sed setsid sh \
    sha256sum sleep systemctl tail test timeout tr true ulimit umask uname wait xargs 2>/dev/null
exec </dev/null
umask 077

# What the probe costs is limited by these, not by a low priority: with one it starved on the very hosts that have incidents
ulimit -c 0 2>/dev/null
ulimit -f 0 2>/dev/null # no regular file can grow, whatever a tool thinks it must save
ulimit -d 65536 2>/dev/null # kB of memory of its own for each program; file maps (journalctl) are not counted
ulimit -t 10 2>/dev/null # seconds of CPU for each program

# TZ, PAGER, SYSTEMD_* and the like would alter tools
# shellcheck disable=SC2013 # they are words
for name in $(awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) print name }' 2>/dev/null); do
    case $name in PATH | SHELLOPTS | BASHOPTS | PPID | UID | EUID | PWD) ;; *) unset "$name" ;; esac
done
LC_ALL=C
export LC_ALL

newline='
'
exec 3>&1

# -- one at a time --------------------------------------------------------------------------------------------------------------

# A directory that nobody else can open, so that nobody else can hold its lock: the account's home as docs/deploy/hosts.md makes it,
# root's, or what systemd gives each user. No program that the probe starts inherits descriptor 9: one that never ends would keep every later probe out.
is_private() { # DIRECTORY: of this account, and neither its group nor others may read it
    [ -d "$1" ] && [ ! -h "$1" ] && [ -O "$1" ] && [ -r "$1" ] || return
    case $(ls -ld "$1" 2>/dev/null) in d???-??-??*) ;; *) return 1 ;; esac
}

unlocked= # why there is no lock
lock() { # fails where another probe of this account runs; without such a directory or without flock(1) there is no lock
    command -v flock >/dev/null || { unlocked=flock; return; }
    uid=
    while read -r key uid _; do [ "$key" != Uid: ] || break; done </proc/self/status
    for directory in /var/lib/sevbot-probe /root "/run/user/$uid"; do
        if is_private "$directory"; then
            exec 9<"$directory"
            flock -n 9 2>/dev/null
            case $? in
                0) return ;;
                1) return 1 ;; # any other status: it failed, as on a file system without locks
                *) unlocked=flock; return ;;
            esac
        fi
    done
    unlocked=directory
}

if ! lock; then
    printf '=sevbot-probe 2\n=busy\n=done\n'
    exit
fi

# -- limits ---------------------------------------------------------------------------------------------------------------------

seconds() { # whole seconds since boot, without starting a program
    read -r uptime _ </proc/uptime || uptime=0
    printf '%s\n' "${uptime%%.*}"
}

TOTAL=20 # seconds for everything: a section that would start later is not started
begun=$(seconds)

# This shell has no time limit of its own: where nobody reads what it prints it would wait for ever, and hold the lock. A watcher ends it,
# if it is still the watcher's parent, and not a process that has got its number since.
(
    exec 3>&- 9<&- >/dev/null 2>&1
    trap 'kill "$nap"; exit' TERM
    sleep "$((TOTAL + 4))" &
    nap=$!
    wait "$nap" || exit
    read -r _ _ _ parent _ </proc/self/stat
    [ "$parent" != "$$" ] || kill -KILL "$$"
) &
watcher_of_all=$!

# GNU's timeout where it is there: it ends the command and all that this has started. That of busybox ends the command only, leaves a
# watcher that keeps our pipes open, or knows no -k; then a watcher of our own ends the session that setsid made for the command.
if timeout -k 1 1 timeout --version >/dev/null 2>&1 3>&- 9<&-; then
    LIMIT='timeout -k 1 1' # for single reads inside of a section
else
    LIMIT=
fi
export LIMIT

# limited SECONDS GRACE COMMAND...: TERM after SECONDS, KILL after GRACE more, both to the command and all that it has started
LIMITS='
limited() {
    [ -n "$LIMIT" ] || { watched "$@"; return; }
    after=$1 grace=$2
    shift 2
    timeout -k "$grace" "$after" "$@"
}

watched() {
    after=$1 grace=$2
    shift 2
    {
        setsid "$@" <&6 6<&- &
        pid=$!
        setsid sh -c "sleep \"\$1\" && kill -TERM \"-\$2\" && sleep \"\$3\" && kill -KILL \"-\$2\"" sh "$after" "$pid" "$grace" \
            >/dev/null 2>&1 3>&- 4>&- 5>&- 6<&- & # kill of busybox knows no --
        watcher=$!
        wait "$pid"
        result=$?
        kill -TERM "-$watcher" 2>/dev/null || kill "$watcher" 2>/dev/null # the second if it has not come to setsid yet
    } 6<&0 # a command in the background would read /dev/null
    return "$result"
}
'
eval "$LIMITS" # the sections' shells have these functions, too

# -- which copy this is ---------------------------------------------------------------------------------------------------------

# Of a file that this text was read from, as a forced command's copy is, the first digits of its SHA-256, so that an old copy is told from
# ours. A text that was sent has no file: `$0` is the shell's name then, or another file that is not this script.
is_copy() {
    case $0 in */*) ;; *) return 1 ;; esac # of a text that was sent it is a shell's name, and a file may be called so
    [ -f "$0" ] && [ -r "$0" ] || return
    {
        read -r line && case $line in '#!'*) ;; *) false ;; esac && read -r line
    } <"$0"
    case $line in "# sevbot's probe: "*) ;; *) return 1 ;; esac
}

copy=sent
if is_copy; then
    copy=$(
        exec 9<&- 2>/dev/null
        limited 2 1 sha256sum <"$0"
    )
    copy=${copy%% *}
    case $copy in *[!0-9a-f]* | "") copy=unknown ;; *) [ "${#copy}" -eq 64 ] || copy=unknown ;; esac
fi
printf '=sevbot-probe 2 %.16s\n' "$copy"
[ -z "$unlocked" ] || printf '=unlocked %s\n' "$unlocked"

# -- sections -------------------------------------------------------------------------------------------------------------------

# What a section runs writes to descriptor 3, every line behind a bar. The last 1000 bytes of what it wrote to stderr, each line behind a
# `!`, and its exit status as the last line, go to descriptor 5, which the probe reads. `run` is the section's. Who reads from it ignores
# TERM, so what came until then is kept.
FRAME='
trap : TERM
framed() { # head|tail BYTES [ARGUMENT...]
    keep=$1 cap=$2
    shift 2
    {
        {
            trap : TERM
            (run "$@") 2>&1 >&4 3>&- 4>&- 5>&-
            printf "\n%s\n" "$?"
        } | told >&5 3>&- 4>&- 5>&-
    } 4>&1 | { trap "" TERM; "$keep" -c "$cap" | sed "s/^/|/" >&3; } 5>&-
}
told() {
    trap "" TERM
    notes="" status=""
    while IFS= read -r line; do
        [ "${#line}" -le 990 ] || line=$(printf "%.990s" "$line")
        [ -z "$status" ] || notes="$notes!$status
"
        while [ "${#notes}" -gt 1000 ]; do notes=${notes#*
}; done
        status=$line
    done
    printf "%s%s\n" "$notes" "$status"
}
'

# The program has a limit of its own, so what it had printed is kept, however it ends. One that cannot even be killed, in an
# uninterruptible sleep, keeps its pipes open; then KILL, three seconds later, ends those who read from them.
LIMITED='
run() { # SECONDS PROGRAM [ARGUMENT...]
    seconds=$1 program=$2
    shift 2
    limited "$seconds" 1 sh -c "$program" sh "$@"
}
framed "$@"
'

# A shell with a pipeline outlives a command that ignores TERM, or nobody would send KILL to that. `keeping COMMAND` at a pipeline's end
# ignores TERM, so that it still reads what the ended command had written.
KEEPING='
keeping() { trap "" TERM; exec "$@"; }
trap : TERM
'

section() { # NAME head|tail BYTES SECONDS[+GRACE] PROGRAM [ARGUMENT...]; with GRACE the program itself acts upon TERM
    name=$1 keep=$2 cap=$3 seconds=${4%+*} grace='' program=$5
    case $4 in *+*) grace=${4#*+} ;; esac
    shift 5
    printf '=begin %s\n' "$name"
    left=$((TOTAL - $(seconds) + begun))
    if [ "$left" -le 0 ]; then
        printf '\n!not started: the probe had used up its %s seconds\n=end %s 124\n' "$TOTAL" "$name"
        return
    fi
    [ "$seconds" -le "$left" ] || seconds=$left grace=${grace:+2}
    said=$(
        exec 5>&1 9<&- 2>/dev/null
        if [ -z "$grace" ]; then
            limited "$((seconds + 2))" 1 sh -c "$LIMITS$FRAME$LIMITED" sh "$keep" "$cap" "$seconds" "$KEEPING$program" "$@"
        else
            limited "$seconds" "$grace" sh -c "$KEEPING$FRAME run() {$newline$program$newline}${newline}framed \"\$@\"" \
                sh "$keep" "$cap" "$@"
        fi
    )
    status=${said##*"$newline"}
    printf '\n' # behind a content line that was ended this is the empty line; otherwise it ends the fragment
    printf '%s' "${said%"$status"}"
    printf '=end %s %s\n' "$name" "${status:-124}"
}

# -- launcher words: what of a command line may leave the host ------------------------------------------------------------------
# Command lines hold secrets. So nothing is taken out of them: only what is known to be harmless is let through, which is the
# program's path, the options that place memory or CPUs, and the launchers' names. Where it is not certain what a word is, it is
# `...` and the end. LAUNCHER is awk: launcher(joined) reads w[1..n] and returns the words; `joined` says that the words were
# joined by blanks before we saw them, so that an argument with blanks in it cannot be told from several.
LAUNCHER='
BEGIN {
    # every option known of a launcher, `:` behind those that take a value; an unknown option ends the reading
    known["numactl"] = " a b l s H t d D u T V v m: i: w: p: P: N: c: C: S: f: o: L: M: I: --all --balancing --localalloc --show" \
        " --hardware --strict --dump --dump-nodes --huge --touch --verify --version --membind: --interleave: --weighted-interleave:" \
        " --preferred: --preferred-many: --cpunodebind: --cpubind: --physcpubind: --shm: --file: --offset: --length: --shmmode: --shmid: "
    known["systemd-run"] = " r t P q S G d p: u: E: H: M: --scope --user --system --no-ask-password --remain-after-exit --send-sighup" \
        " --no-block --wait --pty --pipe --quiet --shell --collect --same-dir --slice-inherit --property: --unit: --slice: --uid:" \
        " --gid: --nice: --working-directory: --setenv: --description: --service-type: --host: --machine: "
    known["docker"] = " d i t P q e: v: p: u: w: h: l: m: c: a: --detach --interactive --tty --rm --init --privileged --read-only" \
        " --publish-all --quiet --oom-kill-disable --no-healthcheck --replace --no-hosts --help "
    known["taskset"] = " a c --all-tasks --cpu-list "
    known["env"] = " i 0 v u: C: --ignore-environment --null --debug --unset: --chdir: "
    known["nice"] = " n: --adjustment: "
    known["ionice"] = " t c: n: --ignore --class: --classdata: "
    known["chrt"] = " a b f i o r d R v T: P: D: --all-tasks --batch --fifo --idle --other --rr --deadline --reset-on-fork "
    known["stdbuf"] = " i: o: e: --input: --output: --error: "
    known["timeout"] = " v k: s: --foreground --preserve-status --verbose --kill-after: --signal: "
    known["sudo"] = " E H n S b A P u: g: p: C: T: D: r: t: --user: --group: --prompt: "
    known["setsid"] = " c f w --ctty --fork --wait "
    known["exec"] = " c l a: "
    known["sh"] = " c e u x l i m f v o: --login --norc --noprofile --posix "
    known["nohup"] = known["busybox"] = " "
    known["podman"] = known["docker"]
    known["bash"] = known["dash"] = known["ash"] = known["sh"]

    nodes = "^[!+]*(all|same|[0-9][0-9,+-]*|(netdev|file|ip|block|pci):[A-Za-z0-9_./:-]+)$"
    size = "^([0-9]+(\\.[0-9]+)?[bkmgtBKMGT%]?|infinity)$"
    mask = "^((0x)?[0-9a-fA-F,]+|[0-9][0-9,:-]*)$" # of taskset, which may be a list
    kept["numactl"] = " a b l s H --all --balancing --localalloc --show --hardware m i w p P N c C --membind --interleave" \
        " --weighted-interleave --preferred --preferred-many --cpunodebind --cpubind --physcpubind "
    kept["systemd-run"] = " --scope --user p --property "
    kept["docker"] = kept["podman"] = " m --memory --cpuset-mems --cpuset-cpus "
    kept["taskset"] = known["taskset"]
    kept["sh"] = kept["bash"] = kept["dash"] = kept["ash"] = " c "
}

function has(list, word) { return index(list, " " word " ") > 0 }

function say(word) { said = said (said == "" ? "" : " ") word }

function name_of(path) { sub(/^.*\//, "", path); return path }

# A word that may be shown as a program. Behind a dropped value that may have been torn at its blanks (torn), only a path where
# programs are or a launcher: the next word may be the rest of a password.
function is_program(word) {
    if (word !~ "^[A-Za-z0-9_./@+:][A-Za-z0-9_./@+:-]*$" || word ~ "://|:.*@" || length(word) > 200) return 0
    return !torn || word ~ "^/(usr|bin|sbin|opt|srv|home|snap|nix|app)/" || word in known
}

function is_assignment(word) { return word ~ "^[A-Za-z_][A-Za-z0-9_]*[+]?=" }

function harmless_property(name, value) {
    if (name ~ "^Memory(Max|High)$") return value ~ size
    if (name == "NUMAPolicy") return value ~ "^(default|preferred|bind|interleave|local|preferred-many|weighted-interleave)$"
    return name ~ "^(NUMAMask|AllowedMemoryNodes|AllowedCPUs|CPUAffinity)$" && value ~ nodes
}

# May this option of that launcher be shown, with this value?
function harmless(launcher, option, value,   equals) {
    if (!has(kept[launcher], option) || length(value) > 64) return 0
    if (!has(known[launcher], option ":") && launcher !~ "^(docker|podman)$") return 1
    if (launcher == "numactl") return value ~ nodes
    if (launcher != "systemd-run") return value ~ (option ~ "^(m|--memory)$" ? size : nodes)
    equals = index(value, "=")
    return harmless_property(substr(value, 1, equals - 1), substr(value, equals + 1))
}

function take(launcher, option, shown, value) {
    if (option == "c") dash_c = 1
    if (harmless(launcher, option, value)) say(shown value)
    else if (value != "") torn = joined
}

# numactl takes any beginning of a long option that fits one only
function full_name(launcher, option,   count, all, j, name, found) {
    if (has(known[launcher], option) || has(known[launcher], option ":") || launcher != "numactl") return option
    count = split(known[launcher], all, " ")
    for (j = 1; j <= count; j++) {
        name = all[j]
        sub(/:$/, "", name)
        if (index(name, option) != 1) continue
        if (found != "") return ""
        found = name
    }
    return found
}

# 1: takes a value, 0: takes none, -1: unknown. What is not listed of the many options of docker takes one.
function takes_value(launcher, option) {
    if (has(known[launcher], option ":")) return 1
    if (has(known[launcher], option)) return 0
    return (launcher ~ "^(docker|podman)$" && option ~ "^--[a-z]") ? 1 : -1
}

# Both return the place of the option read last, 0 if it cannot be known
function long_option(launcher, i,   equals, given, option, takes) {
    equals = index(w[i], "=")
    given = equals ? substr(w[i], 1, equals - 1) : w[i]
    option = full_name(launcher, given)
    takes = takes_value(launcher, option)
    if (takes < 0 || (!takes && equals && launcher !~ "^(docker|podman)$") || (takes && !equals && i == n)) return 0
    if (equals) take(launcher, option, given "=", substr(w[i], equals + 1))
    else if (takes) take(launcher, option, given " ", w[++i])
    else take(launcher, option, given, "")
    return i
}

function short_options(launcher, i,   letters, letter, takes) {
    letters = substr(w[i], 2)
    if (launcher == "nice" && letters ~ "^[0-9]+$") return i
    while (letters != "") {
        letter = substr(letters, 1, 1)
        letters = substr(letters, 2)
        takes = takes_value(launcher, letter)
        if (takes < 0 || (takes && letters == "" && i == n)) return 0
        if (!takes) take(launcher, letter, "-" letter, "")
        else if (letters != "") { take(launcher, letter, "-" letter, letters); return i }
        else take(launcher, letter, "-" letter " ", w[++i])
    }
    return i
}

# The place of the first word behind the options, 0 if it cannot be known
function behind_options(launcher, i) {
    for (; i <= n; i++) {
        if (w[i] == "--") { if (launcher == "numactl") say("--"); return i + 1 }
        if (launcher ~ "^(env|sudo)$" && is_assignment(w[i])) { torn = torn || joined; continue }
        if (w[i] !~ "^-.") return i
        i = w[i] ~ "^--" ? long_option(launcher, i) : short_options(launcher, i)
        if (!i) return 0
    }
    return i
}

# A shell string: its first word goes on only if it is a launcher, since it may as well be an assignment of a secret
function shell_string(i,   text, j) {
    if (!dash_c || i > n) return 0
    if (!joined) { text = w[i]; n = split(text, w, " "); i = 1 }
    joined = 1
    for (j = i; j <= n; j++) gsub("^[\"\047]|[\"\047]$", "", w[j])
    return (name_of(w[i]) in known) ? i : 0
}

# The place of the program that this launcher starts, 0 if it cannot be known
function started_by(launcher, i) {
    if (launcher ~ "^(docker|podman)$") {
        if (w[i] !~ "^(run|create|update|start|exec)$") return 0
        say(w[i])
        behind_options(launcher, i + 1)
        return 0
    }
    dash_c = 0
    i = behind_options(launcher, i)
    if (launcher ~ "^(sh|bash|dash|ash)$") return i ? shell_string(i) : 0
    if (launcher == "timeout" && i) return w[i] ~ "^[0-9.]+[smhd]?$" ? i + 1 : 0
    if (launcher == "chrt" && i && w[i] ~ "^[0-9]+$") return i + 1
    if (launcher == "taskset" && i) { if (w[i] !~ mask) return 0; say(w[i]); return i + 1 }
    return i
}

function launcher(are_joined,   i, name) {
    said = ""; torn = 0; joined = are_joined
    for (i = 1; i && i <= n;) {
        if (!is_program(w[i])) { i = 0; break }
        say(w[i])
        name = name_of(w[i++])
        if (name in known) i = started_by(name, i)
        else if (i <= n) i = 0
    }
    if (!i) say("...")
    return said
}
'

# -- the sections' programs -----------------------------------------------------------------------------------------------------

# Each is the text that a shell runs, with KEEPING in front of it.

# clock: the host's time and its zone, its time since boot and which boot this is
CLOCK='
date "+now %s%nzone %z" || exit
read -r up </proc/uptime && printf "uptime %s\n" "$up" && grep "^btime " /proc/stat &&
    read -r boot </proc/sys/kernel/random/boot_id && printf "boot_id %s\n" "$boot"
'

# Where as many records came as were asked for, the time of the oldest is printed, as a record of ours: what is older was not read
OLDEST='
function take_oldest() {
    count++
    if (count == 1 && match($0, /"__MONOTONIC_TIMESTAMP":"[0-9]+"/)) oldest = substr($0, RSTART, RLENGTH)
}
function say_oldest() {
    if (count >= 2000 && oldest != "") printf "{\"SEVBOT_OLDEST\":\"1\",%s}\n", oldest
    count = 0
    oldest = ""
}
'

# Where nothing came, journalctl is asked once more in a format in which it says what it may not see
NOTHING=99

# service-journal: what systemd itself (_PID=1) said of processes that exited, of kills, of time-outs and of units that failed. $1 is an
# awk program (SERVICE_KEPT): what is of interest has a message id, or no id and some words. $2 is its status where nothing came
SERVICE_JOURNAL='
{
    journalctl -b -o json --no-pager -n 2000 _PID=1 \
        --output-fields=MESSAGE,MESSAGE_ID,UNIT,EXIT_CODE,EXIT_STATUS,UNIT_RESULT,_PID,_UID,_TRANSPORT
    printf "=exit %s\n" "$?"
} | keeping awk -v nothing="$2" "$1"
result=$?
[ "$result" -ne "$2" ] || exec journalctl -b -n 0 --no-pager >/dev/null
exit "$result"
'
SERVICE_KEPT='
/^=exit / { say_oldest(); exit NR > 1 ? $2 : nothing }
{ take_oldest() }
{ gsub(/"__CURSOR":"[^"]*",?/, ""); sub(/,}$/, "}") }
/"MESSAGE_ID":"(98e322203f7a4ed290d09fe03c09fe15|fe6faa94e7774663a0da52717891d8ef|d9b373ed55a64feb8242e02dbe79a49c)"/ ||
/"MESSAGE_ID":"(d989611b15e44c9dbf31e3c81256e4ed|de5b426a63be47a7b6ac3eaac82e2f6f)"/ ||
/ timed out\. |Watchdog timeout|Start request repeated|on client request|Killing process [0-9]/
'

# runner-logs: what supervisors and job runners write of ends to files of their own, `FILE:LINE`: of supervisord the lines on
# ends, and whatever the administrator put into /etc/sevbot/logs; s6 keeps a tally of deaths. $1 is an awk program (LAST_LINES). Names
# are those that others chose, and so is what stands behind them: plain names only, regular files only, bytes before lines
RUNNER_LOGS='
passed_over=0 unread=0
is_plain() { # PATH: its last name; where nothing is, a pattern stands for itself
    [ -e "$1" ] || [ -h "$1" ] || return
    case ${1##*/} in *[!A-Za-z0-9._-]*) passed_over=$((passed_over + 1)); return 1 ;; esac
}
is_log() { # PATH: links are followed, but not to where the system keeps its own
    is_plain "$1" || return
    [ -e "$1" ] || { unread=$((unread + 1)); return 1; }
    case $(readlink -f "$1") in
        /etc/sevbot/logs/*) ;;
        /etc/* | /proc/* | /sys/* | /dev/*) passed_over=$((passed_over + 1)); return 1 ;;
    esac
    [ -f "$1" ] || { passed_over=$((passed_over + 1)); return 1; }
    [ -r "$1" ] || { unread=$((unread + 1)); return 1; }
}
last_lines() { # FILE BYTES LINES supervisord|all
    $LIMIT tail -c "$2" "$1" | tr -d "\000" | FILE=$1 BYTES=$2 LINES=$3 WHICH=$4 keeping awk "$program"
}
program=$1
for file in /var/log/supervisor/supervisord.log /var/log/supervisord.log; do
    ! is_log "$file" || last_lines "$file" 262144 200 supervisord
done
count=0
for file in /etc/sevbot/logs/*; do
    [ "$count" -lt 20 ] || break
    ! is_log "$file" || { last_lines "$file" 65536 200 all; count=$((count + 1)); }
done
for service in /run/service/* /service/* /var/service/*; do
    [ -d "$service/supervise" ] && command -v s6-svdt >/dev/null || continue
    ! is_plain "$service" || s6-svdt "$service" | FILE=$service BYTES=0 LINES=20 WHICH=all keeping awk "$program"
done
[ "$((passed_over + unread))" -eq 0 ] || printf "passed over: " >&2
[ "$passed_over" -eq 0 ] || printf "%s names that are no regular files, or not of A-Za-z0-9._- only. " "$passed_over" >&2
[ "$unread" -eq 0 ] || printf "%s that this account may not read, or links that lead nowhere. " "$unread" >&2
'
LAST_LINES='
BEGIN { file = ENVIRON["FILE"]; most = ENVIRON["LINES"] + 0; bytes = ENVIRON["BYTES"] + 0 }
{ size += length($0) + 1 }
ENVIRON["WHICH"] == "supervisord" && !/^[0-9-]+ [0-9:,]+ [A-Z]+ exited: / { next }
{ at[++count] = NR; line[count] = substr($0, 1, 1000); delete line[count - most] }
END {
    for (i = count > most ? count - most + 1 : 1; i <= count; i++)
        if (at[i] > 1 || !bytes || size < bytes) print file ":" line[i] # the first of as many bytes as were asked for is half a line
}
'

# containers: how those of docker ended last, one JSON list for each; the words are a template of its own. Only where its daemon runs
# (its socket would start it), and that of this machine. podman has no daemon: any command of it writes to its own state
CONTAINERS='
[ -e /run/docker.pid ] && command -v docker >/dev/null || exit 0
docker -H unix:///run/docker.sock ps -aq --no-trunc | grep -m 50 -E "^[0-9a-f]{12,64}$" |
    xargs -r docker -H unix:///run/docker.sock inspect --format "$1" | keeping sed "s/^/docker /"
'
CONTAINER="[{{json .Id}},{{json .Name}},{{json .State.Status}},{{json .State.ExitCode}},{{json .State.OOMKilled}},\
{{json .State.FinishedAt}},{{json .RestartCount}},{{json .HostConfig.Memory}}]"

# kernel-log: -x names the facility, which tells the kernel's words from a user's. With -r, util-linux prints `<5>` for a record that a
# user wrote as `<12>`; busybox has no -x, and its -r is right
KERNEL_LOG='
tool=$(command -v dmesg)
case $tool in /*) tool=$(readlink -f "$tool" 2>/dev/null) ;; *) tool=busybox ;; esac # what has no path is built into the shell
case $tool in *busybox*) exec dmesg -r ;; *) exec dmesg -x ;; esac
'

# kernel-journal: with -o json journalctl is quiet about what it may not see; so it is asked first in a format where it says so
KERNEL_JOURNAL='
journalctl -k -b -n 0 --no-pager >/dev/null || exit
exec journalctl -k -b -o json --no-pager -n 3000 \
    --output-fields=MESSAGE,SYSLOG_FACILITY,_TRANSPORT,_SOURCE_MONOTONIC_TIMESTAMP,_BOOT_ID
'

# numbers: the kernel's own, of several sections, read by one program. $1 is an awk program (NUMBERS_READ), $2 the names of sections, each
# with its size in bytes, or a single name
NUMBERS='
[ "$2" != uname ] || exec uname -srm
exec awk "$1" "$2" "$(uname -srm | head -c 1025)" /sys/devices/system/node/node[0-9]*/meminfo
'
# With sizes it prints whole frames, and nothing of a section that it could not read: that one is then asked for by itself
NUMBERS_READ='
BEGIN {
    count = split(ARGV[1], wanted, " ")
    for (i = 1; i <= count; i += 2) show(wanted[i], wanted[i + 1])
    if (unread != "" && count == 1) print unread " cannot be read" >"/dev/stderr"
    exit unread != ""
}

function show(name, cap) {
    lines = 0
    unread = ""
    read_section(name)
    if (cap == "") for (j = 1; j <= lines; j++) print line[j]
    else if (unread == "") show_framed(name, cap)
    fflush()
}

# The last line of one that is larger than its cap is a fragment: no empty line stands behind it
function show_framed(name, cap,   size) {
    print "=begin " name
    for (j = 1; j <= lines && size <= cap; j++) {
        size += length(line[j]) + 1
        print "|" line[j]
    }
    if (size <= cap) print ""
    print "=end " name " 0"
}

function read_section(name) {
    if (name == "vmstat") take("/proc/vmstat", "^(oom_kill|numa_|allocstall)")
    if (name == "node-meminfo") for (j = 3; j < ARGC; j++) take(ARGV[j], "")
    if (name == "zoneinfo") take("/proc/zoneinfo", "^Node |^ *pages free |^ *(min|low|high|present|managed) +[0-9]|^ *protection:")
    if (name == "nodes") read_nodes("/sys/devices/system/node/")
    if (name == "uname" && !(lines = split(ARGV[2], line, "\n"))) unread = name
    if (name == "meminfo") take("/proc/meminfo", "")
    if (name == "sysctls") read_settings("/proc/sys/", "/sys/kernel/mm/")
}

function take(file, kept,   text, result) {
    while ((result = (getline text < file)) > 0) if (text ~ kept) line[++lines] = text
    close(file)
    if (result < 0) unread = file
}

# As grep -H prints it. Returns whether the file could be read
function take_named(file,   text, result) {
    while ((result = (getline text < file)) > 0) line[++lines] = file ":" text
    close(file)
    return result == 0
}

# The has_ files came one by one with kernels; one that is missing is no error
function read_nodes(directory) {
    if (!take_named(directory "online")) unread = directory "online"
    if (!take_named(directory "possible")) unread = directory "possible"
    take_named(directory "has_memory")
    take_named(directory "has_cpu")
}

# The settings that decide what the kernel does when memory is short; those that this kernel has
function read_settings(sysctl, mm,   names, number) {
    number = split("vm/panic_on_oom vm/oom_kill_allocating_task vm/zone_reclaim_mode vm/overcommit_memory vm/min_free_kbytes" \
        " kernel/numa_balancing kernel/dmesg_restrict", names, " ")
    for (j = 1; j <= number; j++) take_named(sysctl names[j])
    number = split("lru_gen/enabled lru_gen/min_ttl_ms transparent_hugepage/enabled", names, " ")
    for (j = 1; j <= number; j++) take_named(mm names[j])
}
'

# daemons-journal: those that end processes beside the kernel and systemd, and sudo where it was told to. $1 is an awk program
# (DAEMONS_KEPT). The fields that begin with _ are the journal's own; no service can write under another's unit. Container engines say so
# much that they are asked by themselves
DAEMONS_JOURNAL='
asked() {
    journalctl -b -q -o json --no-pager -n 2000 --output-fields=MESSAGE,_SYSTEMD_UNIT,_EXE,_UID,_TRANSPORT,CONTAINER_ID "$@"
    printf "=read\n"
}
{
    asked _EXE=/usr/bin/sudo + _EXE=/usr/bin/podman + _SYSTEMD_UNIT=earlyoom.service _SYSTEMD_UNIT=nohang.service \
        _SYSTEMD_UNIT=nohang-desktop.service _SYSTEMD_UNIT=oomd.service _SYSTEMD_UNIT=systemd-oomd.service
    asked _SYSTEMD_UNIT=docker.service _SYSTEMD_UNIT=snap.docker.dockerd.service _SYSTEMD_UNIT=kubelet.service _SYSTEMD_UNIT=k3s.service \
        _SYSTEMD_UNIT=k3s-agent.service _SYSTEMD_UNIT=rke2-server.service _SYSTEMD_UNIT=rke2-agent.service
} | keeping awk "$1"
'

# Only what is said of kills and ends, without the command lines in it. What a container said has a CONTAINER_ID; of podman one warning of
# its own, since what its containers say bears its name, too
DAEMONS_KEPT='
function cut(marker,   from, at) {
    from = at = index($0, marker)
    if (!from) return
    while (at <= length($0) && substr($0, at, 1) != "\"") at += substr($0, at, 1) == "\\" ? 2 : 1
    $0 = substr($0, 1, from - 1) substr($0, at)
}

/^=read/ { say_oldest(); next }
{ take_oldest() }
/"CONTAINER_ID"/ || length($0) > 4000 { next }
{ gsub(/"__CURSOR":"[^"]*",?/, ""); sub(/,}$/, "}"); cut(", cmdline ") }
/"_EXE":"\/usr\/bin\/sudo"/ { if (/; COMMAND=[A-Za-z0-9\/]*\/(kill|pkill|killall)( [-A-Za-z0-9_.]+)*"/) print; next }
/"_EXE":"\/usr\/bin\/podman"/ {
    if (/"MESSAGE":"time=\\"[^"\\]*\\" level=warning msg=\\"StopSignal SIG[A-Z]+ failed to stop container [A-Za-z0-9_.-]+ in [0-9]+ s/) print
    next
}
/sending SIG[A-Z]+ to process|low memory! |Sending SIG[A-Z]+ to |  PID: +[0-9]+, name: |  cgroup_v2: / ||
/oomd kill: |Killed .* due to memory |failed to exit within|container finished/
'

# last-words: the last lines of the five services whose main process ended most often of late. They are the programs own, so they are
# redacted before they are stored (diagnostics/bundle/redact.py). $1 is an awk program (MOST_OFTEN)
LAST_WORDS='
journalctl -b -q -o json --no-pager -n 60 _PID=1 MESSAGE_ID=98e322203f7a4ed290d09fe03c09fe15 --output-fields=UNIT | awk "$1" |
    xargs -r journalctl -b -q -o json --no-pager -n 100 --output-fields=MESSAGE,_SYSTEMD_UNIT,_PID,_TRANSPORT |
    keeping awk "length(\$0) < 3000"
'
MOST_OFTEN='
match($0, /"UNIT":"[A-Za-z0-9:_.@-]*"/) { ends[substr($0, RSTART + 8, RLENGTH - 9)]++ }
END {
    for (rank = 1; rank <= 5; rank++) {
        first = ""
        for (unit in ends) if (first == "" || ends[unit] > ends[first] || (ends[unit] == ends[first] && unit < first)) first = unit
        if (first == "") exit
        print "_SYSTEMD_UNIT=" first
        delete ends[first]
    }
}
'

# filesystems: what is free on local ones, in kB and in inodes
FILESYSTEMS='
local=-l
df -l / >/dev/null 2>&1 || local=
df -PkT $local && printf "inodes\n" && df -PiT $local
'

# boots: whether this boot's journal is kept on disk and how many boots it knows; the last records of the boot before this one, without
# their text: when it ended, and whether the journal was stopped orderly
BOOTS='
read -r machine </etc/machine-id
case $machine in *[!0-9a-f]* | "") ;; *) [ ! -e "/var/log/journal/$machine/system.journal" ] || printf "kept on disk\n" ;; esac
journalctl --list-boots -q --no-pager | sed -n "\$s/.*/boots/p;\$="
journalctl -b -1 -q -o json --no-pager -n 5 --output-fields=MESSAGE_ID,_TRANSPORT,_SYSTEMD_UNIT,_BOOT_ID 2>/dev/null
true
'

# The 24 processes that hold most memory and their kB, `PID:KB` on one line; kernel threads have no VmRSS. $1 is an awk program (TOP).
# VmRSS counts a page each time it is mapped, so a user can look large without memory: where one has nearly all of the first 16 places, the
# other 8 are for the others
LARGEST='cd /proc && printf "%s\n" [0-9]* | awk "$1"'
TOP='
{
    file = $0 "/status"
    while ((getline text < file) > 0) {
        if (index(text, "Uid:") == 1) split(text, uids)
        if (index(text, "VmRSS:") == 1) { size[$0] = substr(text, 7) + 0; user[$0] = uids[2]; break }
    }
    close(file)
}

function largest(   pid, first) {
    first = ""
    for (pid in size) {
        if (many != "" && user[pid] == many) continue
        if (first == "" || size[pid] > size[first] || (size[pid] == size[first] && pid + 0 < first + 0)) first = pid
    }
    return first
}

END {
    many = ""
    for (place = 1; place <= 24; place++) {
        if ((pid = largest()) == "" && many != "") { many = ""; pid = largest() }
        if (pid == "") break
        printf "%s:%d ", pid, size[pid]
        places[user[pid]]++
        if (place == 16) for (one in places) if (places[one] > 12) many = one
        delete size[pid]
    }
}
'

# growth: the same processes' sizes before all other sections ($1: `at:UPTIME PID:KB ...`) and now, one on each line
GROWTH='
printf "%s\n" $1
read -r now _ </proc/uptime
printf "at:%s\n" "$now"
set -- $1
for size in "$@"; do
    shift
    case $size in at:*) ;; *) set -- "$@" "/proc/${size%%:*}/status" ;; esac
done
grep -Hs "^VmRSS:" "$@" /dev/null | keeping sed "s|^/proc/\([0-9]*\)/status:VmRSS:[^0-9]*\([0-9]*\).*|\1:\2|"
'

# units: $1 is an awk program (LAUNCHER and UNITS_KEPT), $2 the pids of the largest processes
UNITS='
{
    systemctl show "*.service" --no-pager -p Id,MainPID,ActiveState,SubState,Result,NRestarts,ExecMainCode,ExecMainStatus,NUMAPolicy \
        -p NUMAMask,AllowedMemoryNodes,MemoryMax,ControlGroup,FragmentPath,DropInPaths,ExecStart \
        -p TimeoutStartUSec,TimeoutStopUSec,WatchdogUSec,LimitCPU,LimitAS,TasksMax
    printf "\n=exit %s\n" "$?"
} | BIG=" $2 " keeping awk "$1"
'

# Of all units those that restarted, failed, are bound or limited, have a launcher, run one of the largest processes, and numad
UNITS_KEPT='
function is_of_interest() {
    if (value["NRestarts"] + 0 > 0 || value["ActiveState"] == "failed" || value["SubState"] ~ "^(failed|auto-restart)") return 1
    if (value["NUMAPolicy"] !~ "^(n/a)?$" || value["AllowedMemoryNodes"] != "") return 1
    if (value["MemoryMax"] !~ "^(infinity|18446744073709551615)?$") return 1
    if (commands ~ "(^|[ =/])(numactl|systemd-run|docker|podman|taskset|(ba|da|a)?sh -c)( |\n|$)") return 1
    if (value["Id"] == "numad.service" && value["ActiveState"] == "active") return 1
    return value["MainPID"] + 0 > 0 && has(ENVIRON["BIG"], value["MainPID"])
}

function ended() {
    if (is_of_interest()) printf "%s%s\n", lines, commands
    lines = commands = ""
    split("", value)
}

# of `{ path=/bin/x ; argv[]=/bin/x words ; ignore_errors=no ; ...` the words; without its end the line was torn by a newline
function command_line(text,   from, to) {
    from = index(text, "argv[]=")
    if (!from) return "..."
    text = substr(text, from + 7)
    to = index(text, " ; ignore_errors=")
    text = to ? substr(text, 1, to - 1) : text " ..."
    n = split(text, w, " ")
    return launcher(1)
}

/^=exit / { if (lines != "") ended(); exit $2 }
/^$/ { if (lines != "") ended(); next }
/^ExecStart=/ { commands = commands "ExecStart=" command_line($0) "\n"; next }
/^(Id|MainPID|ActiveState|SubState|Result|NRestarts|ExecMainCode|ExecMainStatus|NUMAPolicy|NUMAMask|AllowedMemoryNodes|MemoryMax|ControlGroup|FragmentPath|DropInPaths|TimeoutStartUSec|TimeoutStopUSec|WatchdogUSec|LimitCPU|LimitAS|TasksMax)=/ {
    key = substr($0, 1, index($0, "=") - 1)
    text = substr($0, length(key) + 2)
    if (key in value) next # a line of an argument that holds newlines
    value[key] = text
    lines = lines key "=" (text ~ "^[][A-Za-z0-9_@.:/,+~% \\\\-]*$" ? text : "...") "\n"
}
'

# processes: $1 the pids, $2 an awk program (LAUNCHER and PROCESS), which reads them all. Where one blocks it, which a process that is
# stuck does to whoever reads its command line or numa_maps, the section's TERM ends that reading, and the others are read by themselves,
# each read with a limit of its own. So they are where awk cannot tell the words of a command line (busybox: NUL ends its strings). One
# that vanishes meanwhile is passed over. A line that begins with \001 is ours: tr and the kernel put no such byte at the beginning of a line
PROCESSES='
trap : TERM
[ -n "$1" ] || { printf "which processes are the largest was not found out within 3 s\n" >&2; exit 1; }
seconds() { read -r up _ </proc/uptime; printf "%s\n" "${up%%.*}"; }
until=$(($(seconds) + 7))
said=$(awk "$2" $1)
status=$?
left=$1
if [ "$status" -ne 9 ]; then
    [ -z "$said" ] || printf "%s\n" "$said"
    [ "$status" -ne 0 ] || exit 0
    newline="
"
    case $newline$said in *"${newline}Pid:"*)
        last=${said##*"${newline}Pid:"}
        last=$((${last%%"$newline"*}))
        printf "numa-error\ttimed out\n"
        left=" $left"
        left=${left#*" $last "}
        ;;
    esac
fi
for pid in $left; do
    [ "$(seconds)" -lt "$until" ] || { printf "%s and those behind it were not read: no time was left\n" "$pid" >&2; break; }
    printf "\001pid\n"
    cat "/proc/$pid/status" "/proc/$pid/cgroup" "/proc/$pid/limits" 2>/dev/null
    printf "\001argv\n"
    $LIMIT head -c 4096 "/proc/$pid/cmdline" 2>/dev/null | tr "\000\012\001-\011\013-\037\177" "\012; "
    printf "\n\001numa\n"
    $LIMIT cat "/proc/$pid/numa_maps" 2>&1
    printf "\001exit %s\n" "$?"
done | keeping awk "$2"
'

# Some lines of status; the cgroup; of the command line, one word on each line, the launcher; numa_maps summed: kB on each node by
# policy. Of a process that is read by itself, what was read of numa_maps before a failure is a lower bound and still names the policies
PROCESS='
BEGIN {
    if (ARGC == 1) streamed = 1
    else {
        nul = sprintf("%c", 0)
        getline text <"/proc/self/cmdline"
        if (nul == "" || index(text, nul) == 0) exit 9
        for (place = 1; place < ARGC; place++) read_process("/proc/" ARGV[place])
        exit 0
    }
}

# A whole process from its own files; what is known of it is printed before each of the two reads that may block
function read_process(directory) {
    begin_process()
    read_file("pid", directory "/status")
    if (!named) return
    read_file("pid", directory "/cgroup")
    read_file("pid", directory "/limits")
    fflush()
    read_words(directory "/cmdline")
    say_words()
    fflush()
    if (read_file("numa", directory "/numa_maps") < 0) why = why_not(directory)
    end_process()
    fflush()
}

function read_file(its_part, file,   result) {
    part = its_part
    while ((result = (getline < file)) > 0) take_line()
    close(file)
    return result
}

# A newline in a word is `;`, which no launcher word has
function read_words(file,   text, joined_text) {
    while ((getline text < file) > 0 && length(joined_text) < 4096) joined_text = joined_text (joined_text == "" ? "" : ";") text
    close(file)
    n = joined_text == "" ? 0 : split(substr(joined_text, 1, 4096), w, nul)
    for (i = 1; i <= n; i++) gsub(/[\001-\037\177]/, " ", w[i])
}

# The kernel says why it does not open numa_maps, awk does not tell it: all but what is looked for here is that it may not
function why_not(directory,   text) {
    if ((getline text <"/proc/self/numa_maps") < 0) return "No such file or directory"
    close("/proc/self/numa_maps")
    return (getline text <(directory "/status")) > 0 ? "Permission denied" : "No such process"
}

function sorted(   i, j, name) {
    for (i = 2; i <= count; i++) {
        name = names[i]
        for (j = i - 1; j > 0 && names[j] > name; j--) names[j + 1] = names[j]
        names[j + 1] = name
    }
}

function say_numa(   i, node, sums) {
    sorted()
    for (i = 1; i <= count; i++) {
        sums = ""
        for (node = 0; node <= last + 0; node++) if (kb[names[i], node] > 0)
            sums = sums sprintf("%sN%d=%.0f", sums == "" ? "" : " ", node, kb[names[i], node])
        print "numa\t" names[i] "\t" sums
    }
    if (code == 124 || code == 137 || code == 143) why = "timed out"
    if (code + 0 > 0 && why == "") why = "exit " code
    if (why != "") print "numa-error\t" why
}

function begin_process() {
    named = n = count = last = 0
    why = code = ""
    split("", w); split("", seen); split("", kb); split("", names)
}

function end_process() {
    if (!named) return
    say_words()
    say_numa()
}

function say_words() {
    if (n && w[n] == "") n-- # what is behind the NUL of the last word
    if (n) print "argv\t" launcher(0)
    n = 0
}

function take_area(   policy, size, i, node) {
    if ($0 !~ /^[0-9a-f]+ [a-z]/) { sub(/.*: /, ""); why = $0; return }
    policy = $2
    if ($3 ~ /^\(many\)/ || $2 == "weighted") policy = $2 " " $3
    if (!(policy in seen)) { seen[policy] = 1; names[++count] = policy }
    size = 4
    for (i = 3; i <= NF; i++) if ($i ~ /^kernelpagesize_kB=/) size = substr($i, 19) + 0
    for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
        node = substr($i, 2, index($i, "=") - 2) + 0
        kb[policy, node] += substr($i, index($i, "=") + 1) * size
        if (node > last) last = node
    }
}

# One line of the part that is read
function take_line() {
    if (part == "numa") take_area()
    else if (part == "argv") w[++n] = $0
    else if (/^(Name|Pid|PPid|VmHWM|VmRSS|RssAnon|RssFile|RssShmem|VmSwap|Mems_allowed_list):/) { print; named = 1 }
    else if (/^[0-9]+:(|([^:]*,)?(memory|cpuset|name=systemd)(,[^:]*)?):/) print "cgroup\t" $0
    else if (/^Max address space +[0-9]/) print "limit-as\t" $4
}

index($0, "\001") == 1 {
    part = substr($1, 2)
    if (part == "pid") { end_process(); begin_process() }
    if (part == "exit") code = $2
    next
}
{ take_line() }
END { if (streamed) end_process() }
'

# numactl: the policies that its help names; a host without it has none. $1 is an awk program (POLICIES)
NUMACTL='
command -v numactl >/dev/null || exit 0
numactl --help 2>&1 | keeping awk "$1"
'
POLICIES='
{
    while (match($0, /--(membind|interleave|weighted-interleave|preferred-many|preferred|localalloc)/)) {
        named[substr($0, RSTART + 2, RLENGTH - 2)] = 1
        $0 = substr($0, RSTART + RLENGTH)
    }
}
END {
    count = split("interleave localalloc membind preferred preferred-many weighted-interleave", names, " ")
    for (i = 1; i <= count; i++) if (names[i] in named) print names[i]
}
'

# cgroups: limits that are set and counters that moved; memory.limit_in_bytes is cgroup v1, where 19 digits mean no limit
CGROUPS='
{
    find /sys/fs/cgroup -maxdepth 6 "(" -name memory.events -o -name memory.max -o -name memory.limit_in_bytes -o -name memory.failcnt \
        -o -name memory.oom_control -o -name memory.peak ")" -exec grep -Hs "" {} +
    printf "=exit %s\n" "$?"
} | keeping awk "$1"
'
# Those nearest to the root first: a user may make as many groups as he likes, but below his own
CGROUPS_KEPT='
function keep(   depth) {
    depth = gsub("/", "/")
    row[depth, ++rows[depth]] = $0
    if (depth > deepest) deepest = depth
}

/^=exit / { status = $2; next }
/\.(service|scope)\/memory\.peak:[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]+$/ { keep(); next }
/\/memory\.events:[a-z_]+ [1-9]/ || /\/memory\.max:[0-9]+$/ || /\/memory\.failcnt:[1-9]/ || /\/memory\.oom_control:oom_kill [1-9]/ { keep(); next }
/\/memory\.limit_in_bytes:[0-9]+$/ { value = $0; sub(/.*:/, "", value); if (length(value) < 19) keep() }
END {
    for (depth = 1; depth <= deepest; depth++) for (i = 1; i <= rows[depth]; i++) print row[depth, i]
    exit status
}
'

# -- everything that runs: section, which end is kept of how many bytes, seconds, program, its arguments --------------------------

numbers() { # NAME BYTES...: sections of the kernel's own numbers, by one program; what did not come so is asked for by itself
    left=$((TOTAL - $(seconds) + begun))
    group=
    [ "$left" -lt 3 ] || group=$(
        exec 9<&- 2>/dev/null
        limited 3 1 sh -c "$KEEPING numbers() {$newline$NUMBERS$newline}${newline}numbers \"\$@\" | keeping head -c 150000" sh "$NUMBERS_READ" "$*"
    )
    [ -z "$group" ] || printf '%s\n' "$group"
    while [ $# -gt 0 ]; do
        case $newline$group$newline in
            *"$newline=end $1 0$newline"*) ;;
            *) section "$1" head "$2" 3 "$NUMBERS" "$NUMBERS_READ" "$1" ;;
        esac
        shift 2
    done
}

read -r now _ </proc/uptime || now=0
sizes=$(
    exec 9<&- 2>/dev/null
    limited 3 1 sh -c "$LARGEST" sh "$TOP"
)
largest=
for size in $sizes; do largest="$largest${size%%:*} "; done

# What decides most comes first, since what comes late is lost on a host that is too slow for all. Ends of processes come before the
# kernel's log, so that the kill behind each end that is seen has been logged; the kernel's counters behind its log, so that they count
# each kill in it
section clock head 1024 3 "$CLOCK"
section service-journal tail 65536 3 "$SERVICE_JOURNAL" "$OLDEST$SERVICE_KEPT" "$NOTHING"
section runner-logs tail 32768 3 "$RUNNER_LOGS" "$LAST_LINES"
section containers head 16384 3 "$CONTAINERS" "$CONTAINER"
section kernel-log tail 327680 3 "$KERNEL_LOG"
section kernel-journal tail 212992 3 "$KERNEL_JOURNAL"
numbers vmstat 4096 node-meminfo 65536 zoneinfo 32768 nodes 4096 uname 1024 meminfo 4096 sysctls 4096
section units head 65536 5 "$UNITS" "$LAUNCHER$UNITS_KEPT" "$largest"
section processes head 65536 2+8 "$PROCESSES" "$largest" "$LAUNCHER$PROCESS"
section daemons-journal tail 16384 3 "$DAEMONS_JOURNAL" "$OLDEST$DAEMONS_KEPT"
section cgroups head 16384 3 "$CGROUPS" "$CGROUPS_KEPT"
section last-words tail 32768 3 "$LAST_WORDS" "$MOST_OFTEN"
section numactl head 1024 3 "$NUMACTL" "$POLICIES"
section filesystems head 8192 3 "$FILESYSTEMS"
section boots tail 4096 3 "$BOOTS"
section growth head 4096 3 "$GROWTH" "at:$now $sizes"
printf '=done\n'
kill "$watcher_of_all" 2>/dev/null || true # it ends by itself where there is no sleep

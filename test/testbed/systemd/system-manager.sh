#!/bin/bash
# system-manager.sh: a whole system with systemd as PID 1, in a container over a
# copy-on-write view of this machine's file system. See --help.
set -euo pipefail
PROG=system-manager
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/lib.sh"

usage() { cat <<'U'
system-manager - systemd as PID 1 with logind, system bus, journald, user@.service

  system-manager up [--name N] [--uid UID] [--bind DIR]...
  system-manager exec [--name N] [--root] -- CMD...
  system-manager status | down [--name N]
  system-manager --help

The root is an overlay: the machine's installed programs and files can be read,
writes vanish with 'down'. --bind DIR makes DIR (and always $TESTBED_DIR)
shared and writable; /tmp inside is its own. An account 'testbed' (--uid,
default 6100) exists inside with lingering enabled the real way (loginctl
enable-linger), so its user manager is started by user@UID.service at boot.
exec runs CMD as that account (or as root with --root). The network is the
machine's own.

Needs root, systemd-nspawn (systemd-container), overlayfs. State: $TESTBED_DIR.
U
}
name=default uid=6100 root=0 binds=() rawbinds=() args=() cmd=${1:-}; [ $# -gt 0 ] && shift
while [ $# -gt 0 ]; do
  case $1 in
    --name) name=$2; shift 2;;
    --uid) uid=$2; shift 2;;
    --bind) binds+=("--bind=$(readlink -f "$2")"); rawbinds+=(--bind "$2"); shift 2;;
    --root) root=1; shift;;
    --help|-h) usage; exit 0;;
    --) shift; args=("$@"); break;;
    *) usage >&2; exit 2;;
  esac
done
[[ $name =~ ^[a-zA-Z0-9_-]+$ ]] || die "bad name '$name'"
S=$TESTBED_DIR/system-manager/$name
[ -r "$S/conf" ] && . "$S/conf"

cg_dirs() {
  local base=/sys/fs/cgroup c p
  [ "$(stat -fc %T $base)" = cgroup2fs ] && { echo "$base/testbed-sys-$name"; return; }
  while IFS=: read -r _ c p; do
    [ "$p" = / ] && p=
    case $c in '') c=unified;; name=*) c=${c#name=};; cpuset) continue;; esac
    [ -d "$base/$c" ] && echo "$base/$c$p/testbed-sys-$name"
  done </proc/self/cgroup
}

up() {
  need_root; need systemd-nspawn nsenter unshare
  if read_pid "$S/leader.pid" >/dev/null; then say "already running"; return; fi
  down_quiet; mkdir -p "$S/ovl" "$S/root"
  chmod 755 "$TESTBED_DIR"
  local t0; t0=$(now_ms)
  echo "uid=$uid" >"$S/conf"
  cg_dirs >"$S/cgroups"; while read -r d; do mkdir -p "$d"; done <"$S/cgroups"
  spawn "$S/nspawn.pid" "$S/boot.log" bash -c 'while read -r d; do echo $$ >"$d/cgroup.procs" || :; done <"$1/cgroups"; shift; exec "$@"' - "$S" \
    unshare --mount --propagation private bash "$here/system-manager.sh" __boot --name "$name" --uid "$uid" "${rawbinds[@]}"
  wait_for 30 leader || { tail -20 "$S/boot.log" >&2; down_quiet; die "did not boot (see $S/boot.log)"; }
  wait_for 30 booted || { tail -20 "$S/boot.log" >&2; die "still not booted (see $S/boot.log)"; }
  # nspawn leaves the v1 controllers read-only; limits of system units need them.
  inside sh -c 'cd /sys/fs/cgroup; for c in cpu cpuacct memory pids blkio; do
      [ -d $c ] && mount -o remount,bind,rw /sys/fs/cgroup/$c; done; [ ! -d memory ] || systemctl daemon-reexec' 2>/dev/null || :
  wait_for 10 booted || :
  inside loginctl enable-linger testbed
  wait_for 10 inside test -S "/run/user/$uid/bus" || die "the user manager did not start"
  say "up in $(( $(now_ms) - t0 )) ms"
}
leader() {
  local ns p; ns=$(read_pid "$S/nspawn.pid") || return 1
  for p in $(cat "/proc/$ns/task/$ns/children"); do
    [ "$(cat "/proc/$p/comm")" = systemd ] && { record_pid "$S/leader.pid" "$p"; return 0; }
  done; return 1
}
booted() { case $(inside systemctl is-system-running 2>/dev/null || :) in running|degraded) return 0;; esac; return 1; }
inside() {
  local l; l=$(read_pid "$S/leader.pid") || die "'$name' is not running"
  nsenter --target "$l" --mount --pid --uts --ipc --cgroup env -i PATH="$PATH" TERM="${TERM:-dumb}" LANG="${LANG:-C.UTF-8}" "$@"
}

boot() { # inside a private mount namespace
  mount -t tmpfs -o size=4g,mode=755 tmpfs "$S/ovl"; mkdir "$S/ovl/up" "$S/ovl/work"
  mount -t overlay -o "lowerdir=/,upperdir=$S/ovl/up,workdir=$S/ovl/work" overlay "$S/root"
  local r=$S/root u
  # Only what the test bed needs starts: daemons installed here stay off.
  for u in "$r"/etc/systemd/system/*.wants/*.service "$r"/etc/systemd/system/*.wants/*.timer "$r"/etc/systemd/system/*.wants/*.socket; do
    case ${u##*/} in dbus*|systemd-*|'*'*) continue;; esac
    rm -f "$u"
  done
  ln -sf /dev/null "$r/etc/systemd/system/systemd-networkd.service"
  ln -sf /dev/null "$r/etc/systemd/system/systemd-resolved.service"
  ln -sf /dev/null "$r/etc/systemd/system/systemd-networkd.socket"
  ln -sf /dev/null "$r/etc/systemd/system/systemd-networkd-wait-online.service"
  rm -rf "$r/var/lib/systemd/linger"; mkdir -p "$r/var/log/journal" "$r/home/testbed"
  [ -s "$r/etc/machine-id" ] || tr -d - </proc/sys/kernel/random/uuid >"$r/etc/machine-id"
  sed -i '/^testbed:/d' "$r/etc/passwd" "$r/etc/group"
  echo "testbed:x:$uid:$uid:test bed:/home/testbed:/bin/bash" >>"$r/etc/passwd"; echo "testbed:x:$uid:" >>"$r/etc/group"
  grep -q '^testbed:' "$r/etc/shadow" || echo 'testbed:*:19000:0:99999:7:::' >>"$r/etc/shadow"
  chown "$uid:$uid" "$r/home/testbed"
  exec systemd-nspawn --quiet --keep-unit --register=no --directory="$r" --boot --link-journal=no --resolv-conf=off \
    --machine="tb-$name" --bind="$TESTBED_DIR" "${binds[@]}" --console=pipe systemd.unit=multi-user.target systemd.show_status=no
}

down_quiet() {
  local l d
  if l=$(read_pid "$S/leader.pid"); then
    kill -s RTMIN+4 "$l" 2>/dev/null || :      # orderly poweroff
    wait_for 8 bash -c "! [ -e /proc/$l ]" || :
  fi
  stop_pid "$S/nspawn.pid" TERM 5; rm -f "$S/leader.pid"
  if [ -r "$S/cgroups" ]; then
    while read -r d; do
      [ -w "$d/cgroup.kill" ] && echo 1 >"$d/cgroup.kill" 2>/dev/null || :
    done <"$S/cgroups"
    wait_for 2 empty || :
  fi
  rm -rf "$S"
}
empty() { # once the last process has left them
  local d left=0
  while read -r d; do
    [ ! -d "$d" ] || { find "$d" -depth -type d -exec rmdir {} + 2>/dev/null || :; [ ! -d "$d" ] || left=1; }
  done <"$S/cgroups"
  return $left
}
case $cmd in
  up) up;;
  __boot) boot;;
  exec) [ ${#args[@]} -gt 0 ] || die "exec -- CMD..."
    if [ $root = 1 ]; then inside HOME=/root "${args[@]}"
    else inside HOME=/home/testbed USER=testbed LOGNAME=testbed "XDG_RUNTIME_DIR=/run/user/$uid" "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus" \
      setpriv --reuid "$uid" --regid "$uid" --clear-groups "${args[@]}"; fi;;
  status) if read_pid "$S/leader.pid" >/dev/null; then echo "running: $(inside systemctl is-system-running || :)"; else echo "not running: $name"; exit 3; fi;;
  down) down_quiet; say "down: $name";;
  --help|-h|help|'') usage;;
  *) usage >&2; exit 2;;
esac

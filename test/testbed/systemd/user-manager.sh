#!/bin/bash
# user-manager.sh: a real, isolated systemd user manager with its session bus and
# its own journald. See --help.
set -euo pipefail
PROG=user-manager
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/lib.sh"

usage() { cat <<'U'
user-manager - real user manager + D-Bus session bus + journald, isolated

  user-manager up [--name N] [--as root|user] [--uid UID] [--host-pids]
  user-manager exec [--name N] -- CMD...   run CMD inside (bus, journal and all)
  user-manager env [--name N]              print 'export ...' lines
  user-manager restart [--name N]          stops the manager, starts another; journald stays
  user-manager status [--name N]
  user-manager down [--name N]
  user-manager --help

up       starts it (no-op when it already runs) and prints the env lines.
--as     user (default): a made-up unprivileged account 'testbed', known only
         inside; journalctl --user works and files are owned by --uid.
         root: the manager runs as root; resource limits apply on cgroup v1.
--uid    uid of the made-up account (default 6100, must be >= 1000).
--host-pids  no PID namespace: MainPID etc. are pids of this machine, so a
         program outside can signal them. Default: own PID namespace.
--limits / --no-limits  hand the cgroup controllers to the manager (default:
         --limits).
exec     is the faithful way to run tests: inside, /run/systemd, /var/log and
         /dev/log belong to this instance; the rest of the file system, the
         network and $TESTBED_DIR are the machine's own.

Needs root, systemd >= 249, dbus-daemon, util-linux. State: $TESTBED_DIR.
U
}

name=default as=user uid=6100 pidns=1 limits=1
cmd=${1:-}; [ $# -gt 0 ] && shift
args=()
while [ $# -gt 0 ]; do
  case $1 in
    --name) name=$2; shift 2;;
    --as) as=$2; shift 2;;
    --uid) uid=$2; shift 2;;
    --host-pids) pidns=0; shift;;
    --limits) limits=1; shift;;
    --no-limits) limits=0; shift;;
    --help|-h) usage; exit 0;;
    --) shift; args=("$@"); break;;
    *) args+=("$1"); shift;;
  esac
done
[[ $name =~ ^[a-zA-Z0-9_-]+$ ]] || die "bad name '$name'"

S=$TESTBED_DIR/user-manager/$name
case $as in
  root) uid=0; user=root; home=$S/home;;
  user) user=testbed; home=$S/home;;
  *) die "--as root|user";;
esac

load() { [ -r "$S/conf" ] && . "$S/conf" || return 1; }
xdg() { printf '%s/run/%s' "$S" "$uid"; }
running() { read_pid "$S/init.pid" >/dev/null; }

# Host-side cgroup directories, one for every hierarchy. On cgroup v1 they sit
# under the caller's own group (limits of the caller keep holding); on pure v2
# they sit at the top, where controllers can be enabled.
cg_list() { # prints: KIND CONTROLLER DIR
  local base=/sys/fs/cgroup line c p
  if [ "$(stat -fc %T $base)" = cgroup2fs ]; then
    echo "v2 - $base/testbed-$name"; return
  fi
  while IFS=: read -r _ c p; do
    [ "$p" = / ] && p=
    case $c in
      '') [ -d $base/unified ] && echo "v2 - $base/unified$p/testbed-$name";;
      name=systemd) [ -d $base/systemd ] && echo "named systemd $base/systemd$p/testbed-$name";;
      *name=*) ;;
      *) [ -d "$base/$c" ] && echo "v1 $c $base/$c$p/testbed-$name";;
    esac
  done </proc/self/cgroup
}

cg_remove() {
  local d sub
  [ -r "$S/cgroups" ] || return 0
  while read -r _ _ d; do
    [ -d "$d" ] || continue
    # A whole v2 subtree can be killed at once: everything in it is ours.
    [ -w "$d/cgroup.kill" ] && echo 1 >"$d/cgroup.kill" 2>/dev/null || :
  done <"$S/cgroups"
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    local left=0
    while read -r _ _ d; do
      [ -d "$d" ] || continue
      find "$d" -depth -type d -exec rmdir {} + 2>/dev/null || :
      [ -d "$d" ] && left=1
    done <"$S/cgroups"
    [ $left = 0 ] && break
    sleep 0.1
  done
  return 0
}

up() {
  need_root; need unshare nsenter setpriv dbus-daemon mount
  local sd=/lib/systemd/systemd
  [ -x $sd ] || sd=/usr/lib/systemd/systemd
  [ -x $sd ] || die "systemd is not installed"
  if running; then load; print_env; return; fi
  [ "$as" = root ] || [ "$uid" -ge 1000 ] || die "--uid must be >= 1000 (journald keeps system uids in the system journal)"
  down_quiet
  local t0; t0=$(now_ms)
  mkdir -p "$S" "$S/run/$uid" "$S/home/.config/systemd/user" "$S/log/journal" "$S/dev"
  chmod 755 "$TESTBED_DIR" "$TESTBED_DIR/user-manager" "$S" "$S/run"
  chmod 700 "$S/run/$uid"
  printf 'as=%s uid=%s user=%s home=%q pidns=%s limits=%s sd=%s\n' "$as" "$uid" "$user" "$home" "$pidns" "$limits" "$sd" >"$S/conf"
  if [ "$as" = user ]; then
    { grep -v '^testbed:' /etc/passwd; echo "testbed:x:$uid:$uid:test bed:$home:/bin/bash"; } >"$S/passwd"
    { grep -v '^testbed:' /etc/group; echo "testbed:x:$uid:"; } >"$S/group"
    chown -R "$uid:$uid" "$S/run/$uid" "$S/home"
  fi
  cg_list >"$S/cgroups"
  local kind c d
  while read -r kind c d; do
    mkdir -p "$d"
    if [ "$c" = cpuset ]; then      # useless until filled in
      cat "${d%/*}/cpuset.cpus" >"$d/cpuset.cpus"; cat "${d%/*}/cpuset.mems" >"$d/cpuset.mems"; echo 1 >"$d/cgroup.clone_children"
    fi
    if [ "$kind" = v2 ] && [ "${d%/*}" = /sys/fs/cgroup ]; then
      local ctl; for ctl in cpu memory pids io; do echo "+$ctl" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || :; done
    fi
  done <"$S/cgroups"

  local un=(unshare --mount --cgroup --ipc --propagation private)
  [ $pidns = 1 ] && un+=(--pid --fork --kill-child=KILL --mount-proc)
  # The first process moves itself into the new groups, then unshares, so that
  # they are the roots of the cgroup namespace.
  TESTBED_DIR=$TESTBED_DIR spawn "$S/unshare.pid" "$S/up.log" \
    bash -c 'while read -r _ _ d; do echo $$ >"$d/cgroup.procs"; done <"$1/cgroups"; shift; exec "$@"' - "$S" \
    "${un[@]}" bash "$here/user-manager.sh" __init --name "$name" --as "$as" --uid "$uid"
  wait_for 10 test -s "$S/init.ready" || { tail -20 "$S/up.log" >&2; down_quiet; die "did not start (see $S/up.log)"; }
  local up; up=$(read_pid "$S/unshare.pid") || die "died at start (see $S/up.log)"
  local init=$up
  [ $pidns = 1 ] && init=$(cut -d' ' -f1 <"/proc/$up/task/$up/children")
  record_pid "$S/init.pid" "$init"
  wait_for 10 bus_ready || { tail -20 "$S/up.log" >&2; down_quiet; die "the manager did not answer on the bus (see $S/up.log)"; }
  echo $(( $(now_ms) - t0 )) >"$S/start_ms"
  say "up in $(cat "$S/start_ms") ms: uid $uid, $( [ $pidns = 1 ] && echo 'own PID namespace' || echo 'host pids')"
  print_env
}

bus_ready() { inside systemctl --user show -p Version --value && [ -S "$(xdg)/bus" ]; }

# Inside the namespaces: mounts, journald, bus, manager. Never run by hand.
init() {
  load; local kind c d
  mount -t tmpfs -o mode=755 tmpfs /run/systemd 2>/dev/null || { mkdir -p /run/systemd; mount -t tmpfs -o mode=755 tmpfs /run/systemd; }
  mkdir -p /run/systemd/system /run/systemd/journal /run/systemd/journald.conf.d /run/systemd/users /run/systemd/seats /run/systemd/sessions
  # 'flushed' makes journald write to /var/log/journal, one file per user.
  touch /run/systemd/journal/flushed
  [ -d /run/log ] && mount -t tmpfs -o mode=755 tmpfs /run/log
  mount --bind "$S/log" /var/log
  if [ "$as" = user ]; then
    mount --bind "$S/passwd" /etc/passwd; mount --bind "$S/group" /etc/group
  fi
  if [ ! -s /etc/machine-id ]; then
    tr -d - </proc/sys/kernel/random/uuid >"$S/machine-id"
    [ -e /etc/machine-id ] || touch /etc/machine-id
    mount --bind "$S/machine-id" /etc/machine-id
  fi
  # /dev/log must be ours: an overlay over /dev, pseudo file systems kept.
  mount -t tmpfs tmpfs "$S/dev"; mkdir -p "$S/dev/up" "$S/dev/work" "$S/dev/m"
  if mount -t overlay -o "lowerdir=/dev,upperdir=$S/dev/up,workdir=$S/dev/work" overlay "$S/dev/m" 2>/dev/null; then
    for d in pts shm mqueue; do mountpoint -q /dev/$d && mount --rbind /dev/$d "$S/dev/m/$d"; done
    mount --rbind "$S/dev/m" /dev
    ln -sfn /run/systemd/journal/dev-log /dev/log
  fi
  # A fresh view of the control groups, rooted at our own.
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
  else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    while read -r kind c d; do
      case $kind in
        v2)    mkdir /sys/fs/cgroup/unified;  mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified;;
        named) mkdir /sys/fs/cgroup/systemd;  mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd;;
        v1)    [ "$limits" = 1 ] || continue
               mkdir "/sys/fs/cgroup/$c"; mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c";;
      esac
    done <"$S/cgroups"
  fi
  # The path tells journald which user unit a line belongs to.
  local rel=/user.slice/user-$uid.slice/user@$uid.service h
  for h in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -e "$h/cgroup.procs" ] || continue
    mkdir -p "$h/init.scope" "$h/journald.service" "$h$rel/init.scope"
  done
  join() { local h; for h in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -e "$h/cgroup.procs" ] && { echo $BASHPID >"$h$1/cgroup.procs"; } 2>/dev/null || :; done; }
  join /init.scope
  if [ -e /sys/fs/cgroup/cgroup.subtree_control ]; then
    local p; for p in / /user.slice/ "/user.slice/user-$uid.slice/" "$rel/"; do
      for c in cpu memory pids io; do echo "+$c" >"/sys/fs/cgroup${p}cgroup.subtree_control" 2>/dev/null || :; done
    done
  fi
  if [ "$as" = user ]; then
    for h in /sys/fs/cgroup /sys/fs/cgroup/*; do
      [ -e "$h/cgroup.procs" ] || continue
      chown -R "$uid:$uid" "$h$rel"
    done
  fi
  cat >/run/systemd/journald.conf.d/testbed.conf <<'C'
[Journal]
Storage=persistent
SplitMode=uid
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
ForwardToSyslog=no
ForwardToConsole=no
ForwardToWall=no
SystemMaxUse=2G
SyncIntervalSec=1s
C
  ( join /journald.service; exec "${sd%/*}/systemd-journald" </dev/null >>"$S/journald.log" 2>&1 ) &
  local jpid=$!
  local i; for ((i = 0; i < 100; i++)); do [ -S /run/systemd/journal/stdout ] && break; sleep 0.02; done

  local run=(env -i "HOME=$home" "USER=$user" "LOGNAME=$user" SHELL=/bin/bash "PATH=$PATH" LANG="${LANG:-C.UTF-8}"
    "XDG_RUNTIME_DIR=$(xdg)" "DBUS_SESSION_BUS_ADDRESS=unix:path=$(xdg)/bus")
  local priv=(); [ "$as" = user ] && priv=(setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all)
  cd "$home"
  if ! [ -e /usr/lib/systemd/user/dbus.socket ]; then
    ( join /init.scope; exec "${run[@]}" "${priv[@]}" dbus-daemon --session --nopidfile --address="unix:path=$(xdg)/bus" ) &
  fi
  local mpid
  manager() { ( join "$rel/init.scope"; exec "${run[@]}" "${priv[@]}" "$sd" --user --log-target=journal ) & mpid=$!; }
  manager
  echo "$mpid $jpid" >"$S/init.ready"
  trap 'kill -TERM $mpid 2>/dev/null; wait $mpid; kill -TERM $jpid 2>/dev/null; wait $jpid; exit 0' TERM
  while :; do
    while kill -0 $mpid 2>/dev/null; do wait $mpid || :; done
    [ -e "$S/again" ] || break
    manager
    rm "$S/again"
  done
  kill -TERM $jpid 2>/dev/null || :; wait
}

print_env() {
  emit "XDG_RUNTIME_DIR=$(xdg)" "DBUS_SESSION_BUS_ADDRESS=unix:path=$(xdg)/bus" "TESTBED_UID=$uid" "TESTBED_HOME=$home" "TESTBED_JOURNAL=$S/log/journal"
}

inside() {
  local init; init=$(read_pid "$S/init.pid") || die "'$name' is not running"
  local ns=(nsenter --target "$init" --mount --cgroup --ipc); [ "$pidns" = 1 ] && ns+=(--pid)
  local priv=(); [ "$as" = user ] && priv=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
  # Join the instance's groups first (in a subshell: the caller stays out).
  (
  local kind d
  while read -r kind _ d; do
    [ "$kind" = v1 ] && [ "$limits" = 0 ] && continue
    d=$d/user.slice/user-$uid.slice/session-1.scope
    { [ -d "$d" ] || mkdir -p "$d" 2>/dev/null; } && echo $BASHPID >"$d/cgroup.procs" || :
  done <"$S/cgroups"
  exec "${ns[@]}" --wdns="$PWD" env "HOME=$home" "USER=$user" "LOGNAME=$user" \
    "XDG_RUNTIME_DIR=$(xdg)" "DBUS_SESSION_BUS_ADDRESS=unix:path=$(xdg)/bus" "${priv[@]}" "$@"
  )
}

restart() {
  touch "$S/again"
  inside systemctl --user exit
  wait_for 30 test ! -e "$S/again" || die "the manager did not end"
  wait_for 10 bus_ready || die "the manager did not come back"
}

down_quiet() {
  local saved=$as:$uid:$user:$home:$pidns:$limits
  load || :
  if running; then
    stop_pid "$S/init.pid" TERM 8
  fi
  stop_pid "$S/unshare.pid" TERM 3
  cg_remove
  rm -rf "$S"
  IFS=: read -r as uid user home pidns limits <<<"$saved"
}

case $cmd in
  up) up;;
  __init) init;;
  env) load && running || die "'$name' is not running"; print_env;;
  exec) load && running || die "'$name' is not running"; [ ${#args[@]} -gt 0 ] || die "exec -- CMD..."; inside "${args[@]}";;
  restart) load && running || die "'$name' is not running"; restart;;
  status) if load && running; then
      echo "running: name=$name uid=$uid pidns=$pidns started in $(cat "$S/start_ms" 2>/dev/null) ms"
      echo "state: $(inside systemctl --user is-system-running || :)"
    else echo "not running: name=$name"; exit 3; fi;;
  down) down_quiet; say "down: $name";;
  --help|-h|help|'') usage;;
  *) usage >&2; exit 2;;
esac

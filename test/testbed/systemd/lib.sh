# Helpers of the scripts beside this file. Sourced, not run. State is kept under $TESTBED_DIR,
# and only processes that were recorded (pid and start time) are signalled.

TESTBED_DIR=${TESTBED_DIR:-/tmp/testbed}

say()  { printf '%s\n' "$*" >&2; }
die()  { printf '%s: %s\n' "${PROG:-testbed}" "$*" >&2; exit 1; }
need() { local c; for c; do command -v "$c" >/dev/null 2>&1 || die "needs '$c' (not installed)"; done; }
need_root() { [ "$(id -u)" = 0 ] || die "must run as root"; }
now_ms() { date +%s%3N; }

# emit KEY=value...: print lines the caller can eval.
emit() { local kv; for kv; do printf 'export %s\n' "$kv"; done; }

# --- recorded processes -----------------------------------------------------
# The start time (field 22 of /proc/PID/stat) makes a recycled pid harmless. Without a
# process of its own, since each command inside a manager asks for it.
proc_start() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  set -- ${stat##*) }
  printf '%s\n' "${20}"
}

record_pid() { # FILE PID
  printf '%s %s\n' "$2" "$(proc_start "$2")" >"$1"
}

read_pid() { # FILE -> prints the pid if it is still the recorded process
  local pid start
  [ -r "$1" ] || return 1
  read -r pid start <"$1" || return 1
  [ -n "$pid" ] && [ -n "$start" ] && [ "$(proc_start "$pid")" = "$start" ] || return 1
  printf '%s\n' "$pid"
}

stop_pid() { # FILE [SIGNAL [SECONDS]] : signal, wait, then KILL
  local pid sig=${2:-TERM} secs=${3:-5} i
  if pid=$(read_pid "$1"); then
    kill -s "$sig" "$pid" 2>/dev/null || :
    for ((i = 0; i < secs * 20; i++)); do
      read_pid "$1" >/dev/null || break
      is_zombie "$pid" && break
      sleep 0.05
    done
    read_pid "$1" >/dev/null && kill -s KILL "$pid" 2>/dev/null || :
  fi
  rm -f "$1"
}

is_zombie() { [ "$(sed -E 's/^.*\) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" = Z ]; }

# spawn PIDFILE LOGFILE CMD... : start a daemon in its own session, record it.
spawn() {
  local pidfile=$1 log=$2; shift 2
  setsid "$@" </dev/null >>"$log" 2>&1 &
  local pid=$!
  # setsid(1) execs in place when it is not a group leader, so the pid holds.
  record_pid "$pidfile" "$pid"
  disown "$pid" 2>/dev/null || :
}

wait_for() { # SECONDS CMD... : poll until CMD succeeds
  local end=$(( $(now_ms) + $1 * 1000 )); shift
  until "$@" >/dev/null 2>&1; do
    [ "$(now_ms)" -lt "$end" ] || return 1
    sleep 0.05
  done
}

#!/bin/bash
# cgroup2-vm.sh: a whole Debian in QEMU with systemd as PID 1 and pure cgroup v2,
# to run one script in. See --help.
set -euo pipefail
PROG=cgroup2-vm
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/lib.sh"

usage() { cat <<'U'
cgroup2-vm - a Debian in QEMU: pure cgroup v2, PSI, delegation, a lingering account

  cgroup2-vm build       makes the image, unless there is one of this recipe
  cgroup2-vm run DIR     boots, mounts a copy of DIR at /in, runs /in/job.sh as the
                         account 'app' with its user manager, prints what it prints
                         and exits with its code; 124: not over within $VM_TIMEOUT s
  cgroup2-vm --help

One CPU, 2 GB, no network, software emulation: for behaviour, not for speed. It
writes to a layer that vanishes. The image is under $VM_DIR; building it takes a
minute and the Debian mirror that apt uses, booting 15 to 30 seconds.

Needs root, debootstrap, e2fsprogs, qemu-system-x86 on a Debian amd64.
U
}
VM_DIR=${VM_DIR:-$TESTBED_DIR/cgroup2-vm}
recipe=$(sha256sum <"$here/cgroup2-vm.sh")
# The programs of the test bed, and the libraries that a Node binary is linked with.
packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,linux-image-cloud-amd64,initramfs-tools,procps,libatomic1,libstdc++6

mirror() { # prints: SUITE URL, of this machine's own Debian
  local codename; codename=$(. /etc/os-release; echo "$VERSION_CODENAME")
  apt-get indextargets --format '$(LABEL) $(CODENAME) $(COMPONENT) $(SITE)' 'Identifier: Packages' |
    awk -v codename="$codename" '$1 == "Debian" && $2 == codename && $3 == "main" { print $2, $4; exit }'
}

build() {
  need_root; need debootstrap mkfs.ext4 qemu-system-x86_64 apt-get
  mkdir -p "$VM_DIR"
  exec 9>"$VM_DIR/lock"; flock 9
  [ "$(cat "$VM_DIR/recipe" 2>/dev/null)" != "$recipe" ] || return 0
  local t0 suite url root; t0=$(now_ms); root=$VM_DIR/root
  read -r suite url < <(mirror) || die "apt has no source of Debian itself"
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"; [ -z "${http_proxy:-}" ] || export http_proxy
  rm -rf "$root" "$VM_DIR/recipe"
  debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$url" >"$VM_DIR/build.log" 2>&1 || { tail -5 "$VM_DIR/build.log" >&2; die "no image (see $VM_DIR/build.log)"; }
  furnish "$root"
  cp "$root"/boot/vmlinuz-* "$VM_DIR/vmlinuz"; cp "$root"/boot/initrd.img-* "$VM_DIR/initrd"
  rm -rf "$root"/boot/* "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  rm -f "$VM_DIR/base.img"; truncate -s 3G "$VM_DIR/base.img"; mkfs.ext4 -q -d "$root" "$VM_DIR/base.img"
  rm -rf "$root"; echo "$recipe" >"$VM_DIR/recipe"
  say "built in $(( $(now_ms) - t0 )) ms"
}

furnish() { # ROOT
  chroot "$1" useradd -m -s /bin/bash app
  mkdir -p "$1/in" "$1/var/lib/systemd/linger" "$1/var/log/journal"; touch "$1/var/lib/systemd/linger/app"; echo vm >"$1/etc/hostname"
  # The second serial line carries nothing but what the job prints.
  cat >"$1/etc/systemd/system/job.service" <<'U'
[Unit]
After=user@1000.service systemd-user-sessions.service multi-user.target
Wants=user@1000.service
[Service]
Type=oneshot
ExecStartPre=mount -o ro /dev/vdb /in
ExecStartPre=stty -F /dev/ttyS1 raw
ExecStart=bash -c '{ runuser -l app -c "export XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus; bash /in/job.sh" 2>&1; code=$?; echo; echo "== exit $code"; } >/dev/ttyS1'
ExecStopPost=systemctl poweroff --force
[Install]
WantedBy=graphical.target
U
  { chroot "$1" systemctl enable job.service; chroot "$1" systemctl set-default graphical.target
    chroot "$1" systemctl mask serial-getty@ttyS0.service getty@tty1.service apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service; } >/dev/null 2>&1
}

run() { # DIR
  need_root; need mkfs.ext4 qemu-system-x86_64
  [ "$(cat "$VM_DIR/recipe" 2>/dev/null)" = "$recipe" ] || die "there is no image: cgroup2-vm build"
  local work code; work=$(mktemp -d "$VM_DIR/run-XXXXXX"); trap "rm -rf '$work'" EXIT
  chmod -R a+rX "$1"
  truncate -s $(( $(du -sm "$1" | cut -f1) * 5 / 4 + 64 ))M "$work/in.img"; mkfs.ext4 -q -d "$1" "$work/in.img"
  TMPDIR=$work timeout "${VM_TIMEOUT:-300}" qemu-system-x86_64 -accel tcg -cpu max -m 2048 -smp 1 -display none -monitor none -no-reboot -nic none \
    -kernel "$VM_DIR/vmlinuz" -initrd "$VM_DIR/initrd" -append 'root=/dev/vda rw console=ttyS0 loglevel=4 systemd.show_status=0 systemd.unified_cgroup_hierarchy=1 psi=1' \
    -drive "file=$VM_DIR/base.img,if=virtio,format=raw,snapshot=on" -drive "file=$work/in.img,if=virtio,format=raw" \
    -serial "file:$work/console" -serial stdio </dev/null >"$work/out" || :
  code=$(sed -n '$s/^== exit //p' "$work/out")
  [ -n "$code" ] || { tail -20 "$work/console" >&2; cat "$work/out"; exit 124; }
  head -n -2 "$work/out"; exit "$code"
}

case ${1:---help} in
  build) build;;
  run) run "$(realpath "$2")";;
  --help|-h|help) usage;;
  *) usage >&2; exit 2;;
esac

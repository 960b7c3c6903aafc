/**
 * The Debian of `cgroup2-vm.ts` on a disk that stays: it is booted several times, shut down or cut off, and its journal is
 * read from outside afterwards. `cgroup2-vm.ts` boots for one script, and forgets.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { buildCgroup2Vm } from './cgroup2-vm.ts'

const run = promisify(execFile)

export interface VmDisk extends AsyncDisposable {
  /** Until it is off, or, with `cutAt`, until its script prints that line. @returns what the script printed */
  boot(options?: { readonly cutAt?: string }): Promise<readonly string[]>
  /** Takes its journal out. @returns a journalctl(1) of it: the path of a program */
  journal(): Promise<string>
}

/** Far more than one takes, on a machine that is busy. */
const longestBootMs = 400_000

/** @param script bash, run as root in each boot, beside an account `app` whose user manager lingers */
export async function createVmDisk(script: string): Promise<VmDisk> {
  const { image, env } = await buildCgroup2Vm()
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-vm-'))
  const [disk, own] = [join(directory, 'disk.img'), (name: string) => join(directory, name)]
  await run('cp', ['--sparse=always', join(image, 'base.img'), disk])
  writeFileSync(own('job.service'), jobUnit)
  writeFileSync(own('job.sh'), script)
  writeFileSync(own('commands'), `rm /etc/systemd/system/job.service\nwrite ${own('job.service')} /etc/systemd/system/job.service\nwrite ${own('job.sh')} /root/job.sh\n`)
  await run('debugfs', ['-w', '-f', own('commands'), disk], { env })

  return {
    boot: async ({ cutAt } = {}) => {
      const qemu = spawn('qemu-system-x86_64', [
        '-accel', 'tcg', '-cpu', 'max', '-m', '1024', '-smp', '1', '-display', 'none', '-monitor', 'none', '-no-reboot', '-nic', 'none',
        '-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd'), '-append', 'root=/dev/vda rw console=ttyS0 loglevel=4 systemd.show_status=0 systemd.unified_cgroup_hierarchy=1',
        // What it wrote is with this machine, which goes on when it is cut off.
        '-drive', `file=${disk},if=virtio,format=raw,cache=unsafe`, '-serial', `file:${own('console')}`, '-serial', 'stdio',
      ], { env: { ...env, TMPDIR: directory }, stdio: ['ignore', 'pipe', 'ignore'], timeout: longestBootMs, killSignal: 'SIGKILL' })
      const over = once(qemu, 'close')
      const lines: string[] = []
      for await (const line of createInterface(qemu.stdout)) {
        lines.push(line)
        if (line === cutAt) qemu.kill('SIGKILL')
      }
      await over
      return lines
    },
    journal: async () => {
      // What its file system had not put in place yet. 1: it was put in place.
      await run('e2fsck', ['-fy', disk], { env }).catch(({ code }: { code?: number }) => { if (code !== 1) throw new Error(`e2fsck ended with ${code}`) })
      mkdirSync(own('journal'))
      await run('debugfs', ['-R', `rdump /var/log/journal ${own('journal')}`, disk], { env })
      const [program, [machine]] = [own('journalctl'), readdirSync(own('journal/journal'))]
      writeFileSync(program, `#!/bin/sh\nexec journalctl --directory=${own(`journal/journal/${machine}`)} "$@"\n`)
      chmodSync(program, 0o755)
      return program
    },
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }),
  }
}

/** In place of that of the image, which powers off by force. The second serial line carries nothing but what the script prints. */
const jobUnit = `[Unit]
After=user@1000.service systemd-user-sessions.service multi-user.target
Wants=user@1000.service
[Service]
ExecStartPre=stty -F /dev/ttyS1 raw
ExecStart=bash -c 'bash /root/job.sh >/dev/ttyS1 2>&1'
[Install]
WantedBy=graphical.target
`

/** Hardening profiles on real managers: what services do still works, what they never do no longer does, and the score falls. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { securityScore } from '../../src/adapters/systemd/analyze/analyze.ts'
import { compileService } from '../../src/adapters/systemd/compile/compile-service.ts'
import type { ServiceDefinition, ServiceScope } from '../../src/engines/services/service-definition.ts'
import { compileHost } from '../testbed/compile-host.ts'
import { type SystemManager, missingForSystemManager, startSystemManager } from '../testbed/systemd/system-manager.ts'
import { type UserManager, missingForUserManager, startUserManager } from '../testbed/systemd/user-manager.ts'

const missing = { user: missingForUserManager(), system: missingForSystemManager() }
for (const [scope, why] of Object.entries(missing)) {
  if (why !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: hardening in scope ${scope}: ${why}`)
}

const profiles = ['none', 'web', 'batch'] as const

function unitOf(hardening: ServiceDefinition['hardening'], scope: ServiceScope, ...argv: [string, ...string[]]) {
  const definition: ServiceDefinition = {
    name: `x-${hardening}`, scope, type: 'oneshot', startCommand: { kind: 'program', argv }, enabled: false, stopTimeout: 120, killSignal: 'SIGTERM', onChange: 'restart', hardening,
  }
  return compileService(definition, compileHost(scope)).units[0]!
}

/** Serves and asks over TCP and a socket file, uses a thread, a process, WebAssembly, its own addresses and a file. */
const work = `
  const { createServer, get } = require('node:http'), { Worker } = require('node:worker_threads'), { execFileSync } = require('node:child_process'), os = require('node:os'), fs = require('node:fs');
  const ask = (where) => new Promise((ok, no) => { const s = createServer((q, a) => a.end('well')).listen(where, () => get(typeof where === 'string' ? { socketPath: where } : { port: s.address().port }, (r) => r.resume().on('end', () => s.close(ok))).on('error', no)).on('error', no) });
  const thread = () => new Promise((ok, no) => new Worker('1', { eval: true }).on('exit', ok).on('error', no));
  const directory = fs.mkdtempSync(os.tmpdir() + '/h-');
  Promise.all([ask(0), ask(directory + '/s'), thread()]).then(() => {
    if (Object.keys(os.networkInterfaces()).length === 0 || os.cpus().length === 0) throw new Error('knows nothing of its machine');
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    execFileSync('/bin/sh', ['-c', 'ls / | sort | head -1']);
    fs.rmSync(directory, { recursive: true });
    console.log('all of it works')
  })`

const python = spawnSync('/usr/bin/python3', ['-c', '']).status === 0

interface Place {
  /** Installs the unit, runs it to its end. Its result, and what it wrote. */
  run(unit: { readonly unit: string; readonly text: string }): Promise<{ readonly result: string; readonly output: string }>
}

function checks(scope: ServiceScope, place: () => Place, node: string = process.execPath): void {
  test.each(profiles)('a program of Node does all that a server does, under %s', async (profile) => {
    expect(await place().run(unitOf(profile, scope, node, '-e', work.replaceAll('\n', ' ')))).toEqual({ result: 'success', output: expect.stringContaining('all of it works') })
  })

  test.skipIf(!python).each(profiles)('a program of Python runs under %s', async (profile) => {
    const program = 'import json, subprocess, threading, socket, tempfile; t = threading.Thread(target=lambda: None); t.start(); t.join(); subprocess.run(["/bin/true"], check=True); socket.socket().bind(("127.0.0.1", 0)); tempfile.TemporaryFile().write(b"x"); print("all of it works")'
    expect(await place().run(unitOf(profile, scope, '/usr/bin/python3', '-c', program))).toEqual({ result: 'success', output: expect.stringContaining('all of it works') })
  })

  test.each(['web', 'batch'] as const)('a shell cannot get privileges, namespaces or raw sockets under %s', async (profile) => {
    const attempts = 'grep -q "NoNewPrivs:.1" /proc/self/status || echo "may get privileges"; unshare --user true 2>/dev/null && echo "has namespaces"; mount -t tmpfs none /mnt 2>/dev/null && echo "mounts"; echo end'
    expect(await place().run(unitOf('none', scope, '/bin/sh', '-c', attempts))).toEqual({ result: 'success', output: expect.stringContaining('may get privileges') })
    expect(await place().run(unitOf(profile, scope, '/bin/sh', '-c', attempts))).toEqual({ result: 'success', output: 'end\n' })
  })

  test('the score says how much each takes away', async () => {
    const [none, web, batch] = await Promise.all(profiles.map((profile) => securityScore(unitOf(profile, scope, '/bin/true'), scope)))
    expect(none).toMatchObject({ word: 'UNSAFE', advice: { length: 5 } })
    expect(web!.score).toBeLessThan(scope === 'system' ? 4 : 8)
    expect(batch!.score).toBeLessThan(scope === 'system' ? 5 : 8)
  })
}

describe.skipIf(missing.user !== undefined && !process.env['CI'])('on the manager of an account', { timeout: 60_000 }, () => {
  let manager: UserManager
  beforeAll(async () => {
    manager = await startUserManager()
    mkdirSync(join(manager.home, '.config/systemd/user'), { recursive: true })
  }, 60_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  checks('user', () => ({
    async run({ unit, text }) {
      const output = join(manager.home, 'output')
      writeFileSync(join(manager.home, '.config/systemd/user', unit), into(text, output))
      return runOnce((program, ...args) => manager.exec(program, ...args), ['--user'], unit, output)
    },
  }))
})

describe.skipIf(missing.system !== undefined && !process.env['CI'])('on the manager of a machine', { timeout: 60_000 }, () => {
  const node = '/usr/local/bin/node-of-the-test'
  let manager: SystemManager
  beforeAll(async () => {
    manager = await startSystemManager()
    // Profiles hide /tmp, where a checkout may be.
    await manager.root.exec('install', process.execPath, node)
  }, 90_000)
  afterAll(() => manager?.[Symbol.asyncDispose]())

  const place = (): Place => ({
    async run({ unit, text }) {
      const output = join(manager.shared, 'output')
      writeFileSync(join(manager.shared, unit), into(text, output))
      await manager.root.exec('cp', join(manager.shared, unit), '/etc/systemd/system/')
      return runOnce((program, ...args) => manager.root.exec(program, ...args), [], unit, output)
    },
  })
  checks('system', place, node)

  test.each(['web', 'batch'] as const)('root cannot write to the programs of the machine under %s', async (profile) => {
    const { output } = await place().run(unitOf(profile, 'system', '/bin/sh', '-c', 'touch /usr/bin/x-hardening && echo wrote; touch /tmp/x && echo "has a place for files"; ls /dev/mem 2>/dev/null && echo "has devices"; echo end'))
    expect(output).toContain('has a place for files')
    expect(output).not.toMatch(/wrote|has devices/)
  })
})

type Exec = (program: string, ...args: string[]) => Promise<{ readonly stdout: string }>

/** Output goes to a file, which systemd opens before it takes anything away. */
const into = (text: string, file: string): string => text.replace('StandardOutput=journal', `StandardOutput=truncate:${file}`).replace('StandardError=journal', 'StandardError=inherit')

async function runOnce(exec: Exec, scope: readonly string[], unit: string, file: string): ReturnType<Place['run']> {
  await exec('systemctl', ...scope, 'daemon-reload')
  await exec('systemctl', ...scope, 'start', unit).catch(() => {})
  const { stdout } = await exec('systemctl', ...scope, 'show', unit, '-p', 'Result', '--value')
  return { result: stdout.trim(), output: readFileSync(file, 'utf8') }
}

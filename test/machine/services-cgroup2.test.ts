/** Limits, requirements and results of services on pure cgroup v2, which is what most machines run: in a Debian of its own, with the package as it is packed. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AppliedServices } from '../../src/contract/services.ts'
import { installPacked, pack } from '../testbed/packed.ts'
import { missingForCgroup2Vm, runInCgroup2Vm } from '../testbed/systemd/cgroup2-vm.ts'
import { readProperties } from '../testbed/systemd/services-host.ts'
import { expectCases, keeperOf, limitCases, properties, unitOf } from './services/limit-cases.ts'

const missing = missingForCgroup2Vm()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a Debian with pure cgroup v2: ${missing}`)

const cases = limitCases({ directory: '/home/app/work', node: '/in/node', cpus: 1, pureCgroup2: true })

/** Applies the definitions, starts all, waits until all have ended, and prints what there is to know as JSON. */
const script = `
set -u
systemctl --user is-system-running --wait >&2
mkdir work
export TASKFLOWS_HOME=$HOME/.taskflows
tf() { /in/node /in/project/node_modules/taskflows/dist/faces/cli/main.js "$@"; }
tf create /in/services.yaml --yes -o json >created.json || exit 1
systemctl --user start taskflows-keeper.service
systemctl --user start ${cases.map(unitOf).join(' ')} 2>/dev/null
while systemctl --user is-active --quiet ${cases.map(unitOf).join(' ')} || systemctl --user list-jobs | grep -q taskflows- || systemctl --user list-units --state=activating,deactivating 'taskflows-*' | grep -q taskflows-; do sleep 0.5; done
systemctl --user show ${cases.map(unitOf).join(' ')} --property=${properties.join(',')} >shown.txt
tf status --match memory -o json >status.json
tf history --kind service -l 1000 -o json >history.json
/in/node -e '
const { readFileSync, readdirSync } = require("node:fs")
const text = (path) => readFileSync(path, "utf8")
console.log(JSON.stringify({
  created: JSON.parse(text("created.json")), shown: text("shown.txt"), status: JSON.parse(text("status.json")), history: JSON.parse(text("history.json")),
  written: Object.fromEntries(readdirSync("work").map((name) => [name, text("work/" + name)])),
}))'
`

interface Found {
  readonly created: AppliedServices
  readonly shown: string
  readonly status: { readonly items: readonly { readonly name: string; readonly result: string | null }[] }
  readonly history: { readonly items: readonly { readonly name: string; readonly memory_peak_bytes: number | null }[] }
  readonly written: Readonly<Record<string, string>>
}

describe.skipIf(missing !== undefined && !process.env['CI'])('on pure cgroup v2', () => {
  // Building the image takes a minute or two, once; a run about two, and more on a busy machine.
  test('limits, requirements and results are those of the definition', { timeout: 1_000_000 }, async () => {
    const work = mkdtempSync(join(tmpdir(), 'taskflows-cgroup2-'))
    try {
      writeFileSync(join(work, 'package.json'), '{ "private": true }')
      installPacked(pack(work), work, ['--omit=optional', '--ignore-scripts'])
      const services = join(work, 'services.yaml')
      writeFileSync(services, JSON.stringify({ services: [...cases.map(({ definition }) => definition), keeperOf(cases)] }))
      const { code, stdout, stderr } = await runInCgroup2Vm({ script, files: { 'project/node_modules': join(work, 'node_modules'), 'services.yaml': services, 'node': realpathSync(process.execPath) } })
      expect(code, `${stdout}\n${stderr}`).toBe(0)
      const found = JSON.parse(stdout.trim().split('\n').at(-1)!) as Found
      expect(found.created.items.filter(({ problem }) => problem !== null)).toEqual([])
      expect(found.created.reloads).toBe(1)
      expectCases(cases, readProperties(found.shown), (name) => found.written[name])
      expect(found.status.items).toMatchObject([{ name: 'memory', result: 'oom-kill' }])
      // Its systemd, 252, does not tell it.
      expect(found.history.items.find(({ name }) => name === 'memory')?.memory_peak_bytes).toBeGreaterThan(10_000_000)
    } finally {
      rmSync(work, { recursive: true })
    }
  })
})

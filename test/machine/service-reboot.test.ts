/**
 * The ledger of services of a machine that was shut down while some ran, and that lost its power the next time: out of what
 * both of its systemds had written by then, read by a server of the third boot.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { createManagerJournal } from '../../src/adapters/journal/manager-journal.ts'
import { peakLine } from '../../src/adapters/systemd/compile/measure-peak.ts'
import { createRunCollector } from '../../src/engines/services/ledger/collect-runs.ts'
import type { ServiceRun } from '../../src/engines/services/ledger/service-run.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { createServiceLedger } from '../../src/kernel/database/service-runs.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { missingForCgroup2Vm } from '../testbed/systemd/cgroup2-vm.ts'
import { createVmDisk } from '../testbed/systemd/vm-disk.ts'

const missing = missingForCgroup2Vm()
if (missing !== undefined) console.log(`${process.env['CI'] ? 'missing' : 'skipped'}: a Debian that is rebooted: ${missing}`)

/** The same services in both scopes, at first to be shut down, then to be cut off. */
const script = `
user() { runuser -l app -c "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user $*"; }
ended() { until [ "$($1 show -P ActiveState taskflows-$2.service)" = failed ]; do sleep 0.2; done; }
units=/home/app/.config/systemd/user
user is-system-running --wait
if [ ! -d $units ]; then
  mkdir -p $units
  unit() {
    printf '[Service]\\n%s\\nExecStopPost=%s\\n' "$2" '${peakLine('system', '/usr/bin/logger')}' >/etc/systemd/system/taskflows-$1.service
    printf '[Service]\\n%s\\nExecStopPost=%s\\n' "$2" '${peakLine('user', '/usr/bin/logger')}' >$units/taskflows-$1.service
  }
  unit good 'ExecStart=/bin/true
Type=oneshot'
  unit bad 'ExecStart=sh -c "exit 3"'
  unit hog 'ExecStart=tail /dev/zero
MemoryMax=32M
MemorySwapMax=0'
  unit steady 'ExecStart=sleep 10000'
  chown -R app: /home/app
  systemctl daemon-reload
  user daemon-reload
  off='systemctl poweroff'
fi
for manager in systemctl user; do
  $manager start taskflows-steady.service taskflows-good.service taskflows-bad.service taskflows-hog.service
  ended $manager bad
  ended $manager hog
done
\${off:-sync}
echo == cut
`

describe.skipIf(missing !== undefined && !process.env['CI'])('after a shutdown and a loss of power', () => {
  const stack = new AsyncDisposableStack()
  const found: Record<'user' | 'system', ServiceRun[]> = { user: [], system: [] }
  let printed = ''
  const runsOf = (scope: 'user' | 'system', service: string) => found[scope].filter((run) => run.service === service)

  // Two boots, each of which takes half a minute on a machine that has nothing else to do.
  beforeAll(async () => {
    const vm = stack.use(await createVmDisk(script))
    printed = [...await vm.boot(), ...await vm.boot({ cutAt: '== cut' })].join('\n')
    const program = await vm.journal()
    const { url } = stack.use(await createTestDatabase(inject('postgresUrl')))
    const database = createPostgres({ source: urlSource(url) })
    stack.defer(() => database.close())
    const ledger = createServiceLedger(database, { account: '1000' })
    for (const scope of ['user', 'system'] as const) {
      // The second finds nothing that the first did not.
      for (const reader of ['one', 'other']) {
        await using collector = createRunCollector({
          host: 'vm', scope, bootId: 'f'.repeat(32), reader: `${reader} ${scope}`, ledger, clock: systemClock, known: () => new Map(),
          journal: createManagerJournal({ scope, uid: 1000, program }), manager: { details: async () => [], states: async () => [] }, onError: (error) => { throw error },
        })
        await collector.caughtUp(systemClock.now())
      }
      found[scope] = (await Promise.all(['good', 'bad', 'hog', 'steady'].map((service) => ledger.between({ host: 'vm', scope, service }, 0, 1e14)))).flat()
    }
  }, 900_000)
  afterAll(() => stack.disposeAsync())

  describe.each(['user', 'system'] as const)('in scope %s', (scope) => {
    test('each run is there once, whoever reads it again', () => {
      expect(found[scope], printed).toHaveLength(8)
    })

    test('what had ended is there as it ended', () => {
      expect(runsOf(scope, 'good')).toMatchObject([{ state: 'succeeded', endedAt: expect.any(Number) }, { state: 'succeeded', endedAt: expect.any(Number) }])
      expect(runsOf(scope, 'bad')).toMatchObject([{ state: 'failed', exitCode: 3 }, { state: 'failed', exitCode: 3 }])
      expect(new Set(runsOf(scope, 'bad').map(({ bootId }) => bootId)).size).toBe(2)
    })

    test('what wanted more memory than it may have was killed for it by the kernel', () => {
      const killed = { state: 'failed', result: 'oom-kill', reason: 'the kernel killed it for want of memory' }
      expect(runsOf(scope, 'hog')).toMatchObject([killed, killed])
    })

    test('the most memory that a run had is there, though systemd does not say it', () => {
      for (const { memoryPeakBytes } of runsOf(scope, 'hog')) expect(memoryPeakBytes).toBeGreaterThan(30_000_000)
      for (const { memoryPeakBytes } of runsOf(scope, 'hog')) expect(memoryPeakBytes).toBeLessThan(34_000_000)
      for (const { memoryPeakBytes } of [...runsOf(scope, 'bad'), ...runsOf(scope, 'good')]) expect(memoryPeakBytes).toBeGreaterThan(100_000)
    })

    test('what ran was stopped with the machine, and lost with the power', () => {
      expect(runsOf(scope, 'steady')).toMatchObject([
        { state: 'cancelled', reason: 'stopped by command', endedAt: expect.any(Number) },
        { state: 'lost', reason: 'the machine went down while it ran', endedAt: null },
      ])
    })
  })
})

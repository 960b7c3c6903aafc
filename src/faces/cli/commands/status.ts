/** `tf status`: the state of services as a table, and of a single one all that is known. */
import { hostname } from 'node:os'
import { formatDuration } from '../../../kernel/duration.ts'
import { isGlob } from '../../../kernel/glob.ts'
import { type Connection, connect } from '../connect.ts'
import type { Invocation, RunCommand } from '../invocation.ts'
import type { Listing } from '../output/output.ts'
import { type Details, mebibytes, resultText, serviceFacts } from '../output/service-facts.ts'
import { dotted } from '../output/service-states.ts'
import type { Paint } from '../output/style.ts'
import { unitLineText } from '../output/unit-line-text.ts'
import { type ZonedTime, zonedTime } from '../output/zoned-time.ts'
import { type Service, type Which, nothingOf, refuseUnknown, whichOf } from './list-services.ts'

interface Given extends Which {
  readonly name?: string
  readonly all?: true
  readonly details?: true
}

export const run: RunCommand = async (invocation) => {
  const given = invocation.values as Given
  const { name, all, running, details } = given
  await using connection = await connect(invocation, 'services')
  if (name !== undefined && !isGlob(name) && !all && !running && !details) return printOne(name, connection, invocation)
  const { match, scope } = whichOf(invocation)
  const page = await connection.client.services.list({ ...(match !== undefined && { match }), ...(scope && { scope }), ...(running && { running }) })
  refuseUnknown(page, match, running)
  const output = invocation.output(false)
  const items = all ? [...page.items, ...await helpersOf(page.items, connection, scope)] : page.items
  await output.page({ ...page, items }, listing(output.paint, zonedTime(invocation.config.displayTimezone), given))
}

async function printOne(name: string, { client }: Connection, invocation: Invocation): Promise<void> {
  const { scope } = invocation.values as Given
  const service = await client.services.get({ name, ...(scope && { scope }) })
  const output = invocation.output(false)
  const time = zonedTime(invocation.config.displayTimezone)
  await output.item(service, {
    name: service.name,
    text: async () => [serviceFacts(service, output.paint, time, Date.now()), ...await lastLines(service, output.paint, time, invocation)].join('\n'),
  })
}

/** Lines of its journal that are shown below the facts. */
const lines = 5

/** Nothing of another host, and nothing when the journal is silent: the facts stand without it. */
async function lastLines({ name, scope, hostname: host }: Details, paint: Paint, time: ZonedTime, { config }: Invocation): Promise<string[]> {
  if (host !== hostname()) return []
  const { readLastLines } = await import('../../../service-logs.ts')
  const found = await readLastLines(config, scope, name, lines).catch(() => [])
  return found.length === 0 ? [] : ['', ...found.map((entry) => unitLineText(entry, paint, false, time.short))]
}

/** What a unit beside the service and its timer is there for. */
const purposes: Readonly<Record<string, string>> = { start: 'starts it, as its overlap says', stop: 'stops it by its schedule', restart: 'restarts it by its schedule', run: 'a run of it', slot: 'a run of it for another time' }
const helperForm = /^(start|stop|restart|run|slot)-taskflows-/

/** The units besides those of the services themselves, as rows of their own. */
async function helpersOf(services: readonly Service[], { client }: Connection, scope: Service['scope'] | undefined): Promise<Service[]> {
  if (services.length === 0) return []
  const files = await client.services.files({ match: '*', ...(scope && { scope }) })
  const helped = new Set(files.items.flatMap((file) => (helperForm.test(file.file) ? [`${file.scope} ${file.service}`] : [])))
  const isHelped = ({ name, scope: of, active_runs: runs, timer_enabled: timed }: Service) => helped.has(`${of} ${name.replace(/@.*/, '@')}`) || (runs > 0 && timed !== null)
  const found = await Promise.all(services.filter(isHelped).map(async (service) => {
    const { units } = await client.services.get({ name: service.name, scope: service.scope })
    return units.filter(({ unit }) => helperForm.test(unit)).map((unit): Service => ({
      ...service,
      name: unit.unit, unit: unit.unit, description: `${service.name}: ${purposes[helperForm.exec(unit.unit)![1]!]!}`,
      status: unit.active_state === 'failed' ? 'failed' : unit.active_state === 'active' ? 'active' : 'inactive',
      load_state: unit.load_state, active_state: unit.active_state, sub_state: unit.sub_state, active_runs: 0, service_enabled: unit.enabled === 'enabled', timer_enabled: null,
      schedule: null, timers: [], last_start: unit.last_trigger_at ?? unit.started_at, last_finish: unit.ended_at, uptime_seconds: null, next_start: unit.next_elapse_at,
      result: unit.result, exit_code: unit.exit_code, restarts: unit.restarts, pid: unit.pid, memory_bytes: unit.memory_bytes, drift: [],
    }))
  }))
  return found.flat()
}

function listing(paint: Paint, time: ZonedTime, { running, details }: Pick<Given, 'running' | 'details'>): Listing<Service> {
  const dot = dotted(paint)
  const when = (iso: string | null) => iso && time.short(iso)
  const enabled = (on: boolean | null) => dot(on === null ? null : on ? 'enabled' : 'disabled')
  const more: Listing<Service>['columns'] = [
    { header: 'RESULT', value: (service) => resultText(service), flexible: true },
    { header: 'RESTARTS', value: ({ restarts }) => restarts, align: 'right' },
    { header: 'RUNS', value: ({ active_runs: runs }) => (runs > 1 ? runs : null), align: 'right' },
    { header: 'PID', value: ({ pid }) => pid, align: 'right' },
    { header: 'MEMORY', value: ({ memory_bytes: bytes }) => bytes && mebibytes(bytes), align: 'right' },
    { header: 'DRIFT', value: ({ drift }) => drift.join('; '), flexible: true },
  ]
  return {
    name: ({ name }) => name,
    empty: nothingOf(running),
    columns: [
      { header: 'SERVICE', value: ({ name }) => name },
      { header: 'DESCRIPTION', value: ({ description }) => description, flexible: true, spare: 2 },
      { header: 'SERVICE ENABLED', value: ({ service_enabled: on }) => enabled(on), spare: 6 },
      { header: 'TIMER ENABLED', value: ({ timer_enabled: on }) => enabled(on), spare: 5 },
      { header: 'LOAD STATE', value: ({ load_state: state }) => dot(state), spare: 3 },
      { header: 'ACTIVE STATE', value: ({ active_state: state }) => dot(state) },
      { header: 'SUB STATE', value: ({ sub_state: state }) => dot(state), spare: 7 },
      { header: `LAST START (${time.zone})`, value: ({ last_start: at }) => when(at), spare: 9 },
      { header: 'UPTIME', value: ({ uptime_seconds: seconds }) => (seconds === null ? null : formatDuration(Math.round(seconds) * 1000)), spare: 8 },
      { header: 'LAST FINISH', value: ({ last_finish: at }) => when(at), spare: 4 },
      { header: 'NEXT START', value: ({ next_start: at }) => when(at) },
      { header: 'TIMERS', value: ({ timers }) => timers.join(', '), flexible: true, spare: 1 },
      ...(details ? more : []),
    ],
    moreColumns: [...(details ? [] : more), { header: 'SCOPE', value: ({ scope }) => scope }, { header: 'HOST', value: ({ hostname: host }) => host }],
  }
}

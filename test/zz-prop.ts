import fc from 'fast-check'
import { serviceOptions } from '/work/main/test/testbed/service-arbitraries.ts'
import { compileHost } from '/work/main/test/testbed/compile-host.ts'
import { compileService } from '/work/main/src/adapters/systemd/compile-service.ts'
import { verifyUnits } from '/work/main/src/adapters/systemd/analyze.ts'
import { readDefinition } from '/work/main/src/engines/services/read-definition.ts'
const defs = fc.sample(serviceOptions, 1500).flatMap((o) => { try { return [readDefinition(o)] } catch (e) { console.log(String(e)); return [] } })
console.log('sampled')
for (const scope of ['user', 'system'] as const) for (const privileged of scope === 'user' ? [true, false] : [true]) {
  const own = defs.filter((d) => d.scope === scope)
  const named = own.map((d, i) => ({ ...d, name: d.name.endsWith('@') ? `n${i}@` : `n${i}` }))
  const files = named.flatMap((d) => compileService(d, compileHost(scope, { privileged })).units)
  const t = performance.now()
  const findings = (await verifyUnits(files, scope))
  const counts = new Map<string, number>()
  for (const f of findings) { const k = f.severity + ' ' + f.message.replace(/n\d+/g, 'N').slice(0, 160); counts.set(k, (counts.get(k) ?? 0) + 1) }
  console.log(scope, files.length, Math.round(performance.now() - t), 'ms', [...counts].sort((a, b) => b[1] - a[1]).slice(0, 25))
}

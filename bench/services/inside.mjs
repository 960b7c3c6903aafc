/** Runs inside the manager's namespaces, so that what enters them costs nothing that is measured. A line in is a program with its arguments; a line out is how it went. */
import { spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

for await (const line of createInterface({ input: process.stdin })) {
  const [program, ...args] = JSON.parse(line)
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'] })
  const ms = performance.now() - start
  process.stdout.write(`${JSON.stringify({ ms, status, stdout, stderr: stderr ?? String(error) })}\n`)
}

/** Runs inside the manager's namespaces, so that what enters them costs nothing that is measured. A line in is a program with its arguments; a line out is how it went. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

for await (const line of createInterface({ input: process.stdin })) {
  const [program, ...args] = JSON.parse(line)
  const start = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let firstMs = null
  child.stdout.once('data', () => { firstMs = performance.now() - start })
  const outcome = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [status]]) => ({ status, stdout, stderr }),
    (error) => ({ status: null, stdout: '', stderr: String(error) }),
  )
  process.stdout.write(`${JSON.stringify({ ms: performance.now() - start, firstMs, ...outcome })}\n`)
}

/** Whether the server of a home runs, by the record it keeps there (`run/server.json`) and its answer. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const answerWithinMs = 1000

/** Its URL, or `undefined` when nobody who knows our /health answers there. */
export async function runningServer(home: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(join(home, 'run', 'server.json'), 'utf8')) as { url: string }
    const answer = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(answerWithinMs) })
    return 'status' in (await answer.json() as object) ? url : undefined
  } catch {
    return undefined
  }
}

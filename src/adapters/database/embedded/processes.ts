/** The facts about processes that `postmaster-pid.ts` judges, read from /proc. */
import { readdirSync, readlinkSync } from 'node:fs'
import { type ProcessFacts, isPostgresOn } from './postmaster-pid.ts'

/** PostgreSQL's processes on a data directory (a real path), postmaster and children alike. */
export function postgresProcesses(dataDirectory: string): ProcessFacts[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), program: linkOf(`/proc/${name}/exe`), workingDirectory: linkOf(`/proc/${name}/cwd`) }))
    .filter((facts) => isPostgresOn(dataDirectory, facts))
}

/** Null for kernel threads, ended processes, and those of other accounts, which cannot be ours. */
function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

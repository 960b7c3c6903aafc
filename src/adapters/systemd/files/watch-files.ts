/** Whether files of units changed since they were read: edited by hand, a drop-in, a link that enables one. */
import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'

export interface FileWatch extends Disposable {
  /** Whether something may have changed since it was asked last. When that cannot be watched it may always. */
  changed(): boolean
}

/** Where drop-ins and links are, below the directory of units. */
const nested = /\.(d|wants|requires|upholds)$/
const ours = /taskflows-/

/** @param directory of units; it need not exist yet */
export function watchUnitFiles(directory: string): FileWatch {
  const watchers = new Map<string, FSWatcher>()
  let isChanged = true

  const forget = (): void => {
    for (const watcher of watchers.values()) watcher.close()
    watchers.clear()
  }
  const follow = (path: string, onChange: (name: string) => void): void => {
    if (watchers.has(path)) return
    const watcher = watch(path, { persistent: false }, (_event, name) => onChange(name ?? ''))
    watcher.on('error', forget)
    watchers.set(path, watcher)
  }
  const followNested = (): void => {
    const present = new Set(readdirSync(directory).filter((name) => nested.test(name)).map((name) => join(directory, name)))
    for (const path of present) follow(path, (name) => { isChanged ||= ours.test(name) || name.endsWith('.conf') })
    for (const [path, watcher] of watchers) {
      if (path === directory || present.has(path)) continue
      watcher.close()
      watchers.delete(path)
    }
  }
  /** Throws when there is no such directory, or too much is watched on this machine. */
  const begin = (): void => {
    follow(directory, (name) => {
      isChanged ||= ours.test(name) || nested.test(name)
      if (nested.test(name)) attempt(followNested, forget)
    })
    followNested()
  }

  return {
    changed: () => {
      const isBlind = watchers.size === 0
      // What changes while it begins is found by the reading that follows.
      if (isBlind) attempt(begin, forget)
      const answer = isChanged || isBlind
      isChanged = false
      return answer
    },
    [Symbol.dispose]: forget,
  }
}

function attempt(work: () => void, otherwise: () => void): void {
  try {
    work()
  } catch {
    otherwise()
  }
}

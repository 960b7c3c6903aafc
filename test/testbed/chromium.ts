/** Debian's Chromium, driven by playwright-core; ends with whoever started it. */
import { spawnSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where it is, if this machine has one. */
export function findChromium(): string | undefined {
  return candidates.find((path) => spawnSync(path, ['--version']).status === 0)
}

export function startChromium(path: string): Promise<Browser> {
  // As root it has no sandbox; it shows nothing but pages of ours.
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

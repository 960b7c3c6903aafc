/** What one look at this installation found. */
export interface Finding {
  readonly check: string
  /** `skipped`: it was not looked at, and `found` says why. */
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped'
  readonly found: string
  /** What to do about it. */
  readonly mend?: string
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found })
export const warn = (check: string, found: string, mend: string): Finding => ({ check, status: 'warn', found, mend })
export const fail = (check: string, found: string, mend: string): Finding => ({ check, status: 'fail', found, mend })
export const skipped = (check: string, found: string): Finding => ({ check, status: 'skipped', found })

/** How much a log line matters. The numbers are those of pino, the priorities those of syslog (RFC 5424 §6.2.1). */
export const logLevels = ['debug', 'info', 'warn', 'error', 'critical'] as const

export type LogLevel = (typeof logLevels)[number]

export const levelNumbers: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50, critical: 60 }

/** What `journalctl -p` filters by. */
export const syslogPriorities: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3, critical: 2 }

/** The level that a priority of syslog means: notices are information. */
export function levelOfPriority(priority: number): LogLevel {
  return priority <= 2 ? 'critical' : priority === 3 ? 'error' : priority === 4 ? 'warn' : priority < 7 ? 'info' : 'debug'
}

const otherWords: Readonly<Record<string, LogLevel | 'silent'>> = { trace: 'debug', warning: 'warn', fatal: 'critical', silent: 'silent', off: 'silent' }

/** The level that a word names, in any case, or `undefined`. */
export function readLevel(word: string): LogLevel | 'silent' | undefined {
  const lower = word.toLowerCase()
  return logLevels.find((level) => level === lower) ?? new Map(Object.entries(otherWords)).get(lower)
}

/** The least number that is written. Nothing reaches `silent`. */
export function leastNumber(level: LogLevel | 'silent'): number {
  return level === 'silent' ? Infinity : levelNumbers[level]
}

/** What may be the last that a process says. */
export function isUrgent(level: LogLevel): boolean {
  return level === 'error' || level === 'critical'
}

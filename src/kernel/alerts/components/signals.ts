/** Components that are seen at a glance: badges, states, bars, figures. Each says in words what its colour says. */
import type { Severity } from '../message.ts'
import { readNumber, readOptionalText, readOptions, readSeverity, readText, refuse } from './arguments.ts'

/** A word in a coloured frame. Neighbours share a line. */
export class Badge {
  readonly kind = 'badge'
  readonly text: string
  readonly severity: Severity

  constructor(text: string, severity: Severity = 'info') {
    this.text = readText('`text` of Badge', text)
    this.severity = readSeverity('`severity` of Badge', severity)
  }
}

const stateWords = { info: 'unknown', success: 'up', warning: 'degraded', error: 'down' } as const satisfies Record<Severity, string>

/** How something is. */
export class StatusIndicator {
  readonly kind = 'status'
  readonly label: string
  readonly severity: Severity
  readonly status: string

  /** @param status the word for it; default `unknown`, `up`, `degraded` or `down`, by severity */
  constructor(label: string, severity: Severity, status?: string) {
    this.label = readText('`label` of StatusIndicator', label)
    this.severity = readSeverity('`severity` of StatusIndicator', severity)
    this.status = readOptionalText('`status` of StatusIndicator', status) ?? stateWords[this.severity]
  }
}

export interface ProgressBarOptions {
  readonly label?: string
}

/** How far something is. */
export class ProgressBar {
  readonly kind = 'progress'
  readonly done: number
  readonly total: number
  readonly label: string | undefined

  /** @param done 0 or more; more than `total` is shown as a full bar @param total more than 0, default 100 */
  constructor(done: number, total: number = 100, options: ProgressBarOptions = {}) {
    this.done = readNumber('`done` of ProgressBar', done)
    this.total = readNumber('`total` of ProgressBar', total)
    if (this.done < 0) refuse('`done` of ProgressBar', '0 or more', done)
    if (this.total <= 0) refuse('`total` of ProgressBar', 'more than 0', total)
    this.label = readOptionalText('`label` of ProgressBar', readOptions('ProgressBar', options, ['label']).label)
  }
}

/** That something goes on while the message is read; it does not turn. */
export class Spinner {
  readonly kind = 'spinner'
  readonly text: string

  constructor(text: string) {
    this.text = readText('`text` of Spinner', text)
  }
}

export interface CalloutOptions {
  readonly title?: string
}

/** Text that must not be overlooked. */
export class Callout {
  readonly kind = 'callout'
  readonly text: string
  readonly severity: Severity
  readonly title: string | undefined

  constructor(text: string, severity: Severity = 'info', options: CalloutOptions = {}) {
    this.text = readText('`text` of Callout', text)
    this.severity = readSeverity('`severity` of Callout', severity)
    this.title = readOptionalText('`title` of Callout', readOptions('Callout', options, ['title']).title)
  }
}

export interface PriceChangeOptions {
  readonly symbol: string
  readonly previous: number
  readonly current: number
  /** Three letters of ISO 4217, such as `EUR`. Default: numbers without a currency. */
  readonly currency?: string
}

/** A price and where it went. */
export class PriceChange {
  readonly kind = 'price_change'
  readonly symbol: string
  readonly previous: number
  readonly current: number
  readonly currency: string | undefined

  constructor(options: PriceChangeOptions) {
    const { symbol, previous, current, currency } = readOptions('PriceChange', options, ['symbol', 'previous', 'current', 'currency'])
    this.symbol = readText('`symbol` of PriceChange', symbol)
    this.previous = readNumber('`previous` of PriceChange', previous)
    this.current = readNumber('`current` of PriceChange', current)
    this.currency = readOptionalText('`currency` of PriceChange', currency)
    if (currency !== undefined && !/^[A-Z]{3}$/.test(currency)) refuse('`currency` of PriceChange', 'three letters such as EUR', currency)
  }
}

export interface MetricCardOptions {
  readonly unit?: string
  /** Against before, in percent or in words: `-12.5` is shown as `▼ 12.5 %`. */
  readonly change?: number | string
  /** Whether the change is good: the colour of it. Default `info`. */
  readonly severity?: Severity
}

/** One figure, large. */
export class MetricCard {
  readonly kind = 'metric'
  readonly label: string
  readonly value: number | string
  readonly unit: string | undefined
  readonly change: number | string | undefined
  readonly severity: Severity

  constructor(label: string, value: number | string, options: MetricCardOptions = {}) {
    const { unit, change, severity = 'info' } = readOptions('MetricCard', options, ['unit', 'change', 'severity'])
    this.label = readText('`label` of MetricCard', label)
    this.value = readFigure('`value` of MetricCard', value)
    this.unit = readOptionalText('`unit` of MetricCard', unit)
    this.change = change === undefined ? undefined : readFigure('`change` of MetricCard', change)
    this.severity = readSeverity('`severity` of MetricCard', severity)
  }
}

function readFigure(where: string, value: unknown): number | string {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)) ? value : refuse(where, 'a finite number or a string', value)
}

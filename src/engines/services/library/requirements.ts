/**
 * What must hold when a service starts. A start is skipped (`silent`) or fails, it
 * never waits (systemd.unit(5), CONDITIONS AND ASSERTS).
 */
import { requirement } from '../define/fields.ts'
import { readWhole } from '../define/read-whole.ts'
import type { Operator, Requirement } from '../service-definition.ts'
import type { CPUsOptions, MemoryOptions, PressureOptions } from './service-options.ts'

/** Memory of the machine. `new Memory({ amount: '8GB' })`: at least 8 GiB. @throws ValidationError `service.invalid` */
export class Memory {
  readonly kind = 'memory'
  /** Bytes. */
  declare readonly amount: number
  declare readonly constraint: Operator
  declare readonly silent: boolean

  constructor(options: MemoryOptions) {
    Object.assign(this, readWhole<Requirement>('Memory', requirement, { ...options, kind: this.kind }))
  }
}

/** CPUs of the machine. `new CPUs({ amount: 4 })`: at least 4. @throws ValidationError `service.invalid` */
export class CPUs {
  readonly kind = 'cpus'
  declare readonly amount: number
  declare readonly constraint: Operator
  declare readonly silent: boolean

  constructor(options: CPUsOptions) {
    Object.assign(this, readWhole<Requirement>('CPUs', requirement, { ...options, kind: this.kind }))
  }
}

/** At most so much waiting for CPUs, as the kernel's PSI counts. `new CPUPressure({ maxPercent: 80, timespan: '5min', silent: true })`. @throws ValidationError `service.invalid` */
export class CPUPressure {
  readonly kind = 'cpu_pressure'
  declare readonly maxPercent: number
  declare readonly timespan: '10sec' | '1min' | '5min'
  declare readonly silent: boolean

  constructor(options: PressureOptions) {
    Object.assign(this, readWhole<Requirement>('CPUPressure', requirement, { ...options, kind: this.kind }))
  }
}

/** At most so much waiting for memory. @throws ValidationError `service.invalid` */
export class MemoryPressure {
  readonly kind = 'memory_pressure'
  declare readonly maxPercent: number
  declare readonly timespan: '10sec' | '1min' | '5min'
  declare readonly silent: boolean

  constructor(options: PressureOptions) {
    Object.assign(this, readWhole<Requirement>('MemoryPressure', requirement, { ...options, kind: this.kind }))
  }
}

/** At most so much waiting for disks. @throws ValidationError `service.invalid` */
export class IOPressure {
  readonly kind = 'io_pressure'
  declare readonly maxPercent: number
  declare readonly timespan: '10sec' | '1min' | '5min'
  declare readonly silent: boolean

  constructor(options: PressureOptions) {
    Object.assign(this, readWhole<Requirement>('IOPressure', requirement, { ...options, kind: this.kind }))
  }
}

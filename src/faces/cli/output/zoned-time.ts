/** Moments in the time zone that people chose (`display_timezone`), for what is about the future as well as the past. */

export interface ZonedTime {
  /** For headers: `UTC`. */
  readonly zone: string
  /** `2026-11-21 18:30:00`. */
  short(iso: string): string
  /** With its zone. */
  full(iso: string): string
}

export function zonedTime(zone: string): ZonedTime {
  // Loading the data of time zones takes as long as listing hundreds of services.
  const short = zone === 'UTC' ? utcTime : timeIn(zone)
  return { zone, short, full: (iso) => `${short(iso)} ${zone}` }
}

function utcTime(iso: string): string {
  return new Date(iso).toISOString().slice(0, 19).replace('T', ' ')
}

function timeIn(zone: string): (iso: string) => string {
  // Swedish writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return (iso) => format.format(new Date(iso))
}

/** Moments as people read them in a table. */

/** `12s ago`, `in 5m`; from a day away on, local `YYYY-MM-DD HH:MM:SS`. */
export function shortTime(iso: string, nowMs: number): string {
  const ms = Date.parse(iso) - nowMs
  const seconds = Math.round(Math.abs(ms) / 1000)
  if (Number.isNaN(ms) || seconds >= 86_400) return localTime(iso)
  const [count, unit] = seconds < 60 ? [seconds, 's'] : seconds < 3600 ? [Math.floor(seconds / 60), 'm'] : [Math.floor(seconds / 3600), 'h']
  return ms > 0 ? `in ${count}${unit}` : `${count}${unit} ago`
}

/** `YYYY-MM-DD HH:MM:SS` in the time zone of this machine; text that is no time stays as it is. */
export function localTime(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const two = (part: number) => String(part).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

import { expect, test } from 'vitest'
import { outagesIn, readOutages } from './outages.ts'

const at = (text: string): number => Date.parse(`${text}Z`)

test.each([
  ['older', ['-1 8f5c1 Sat 2026-11-21 16:45:02 UTC—Sat 2026-11-21 16:53:25 UTC', ' 0 9a5c1 Sat 2026-11-21 17:00:00 UTC—Sat 2026-11-21 17:01:00 UTC']],
  ['newer', ['IDX BOOT ID FIRST ENTRY                 LAST ENTRY', ' -1 8f5c1   Sat 2026-11-21 16:45:02 UTC Sat 2026-11-21 16:53:25 UTC', '  0 9a5c1   Sat 2026-11-21 17:00:00 UTC Sat 2026-11-21 17:01:00 UTC']],
])('a machine was down between its boots, in the words of %s versions', (_, lines) => {
  expect(outagesIn(lines)).toEqual([{ from: at('2026-11-21T16:53:25'), until: at('2026-11-21T17:00:00') }])
})

test('without a journal it was down until its boot, as far as anybody knows', async () => {
  const [outage] = await readOutages(0, { timeoutMs: 1000, program: '/no/such/journalctl' })
  expect(outage!.from).toBe(0)
  expect(outage!.until).toBeLessThanOrEqual(Date.now())
  expect(await readOutages(Date.now(), { timeoutMs: 1000, program: '/no/such/journalctl' })).toEqual([])
})

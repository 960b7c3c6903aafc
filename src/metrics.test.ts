/** A process' own /metrics, the file, and what settings switch on. */
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { type IncomingMessage, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Counter, register } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { exportMetrics } from './metrics-export.ts'
import { serveMetrics, writeMetricsFile } from './metrics.ts'

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'taskflows-metrics-')) })
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => register.clear())

describe('serveMetrics', () => {
  test('answers with what is true at that moment, until it is closed', async () => {
    const orders = new Counter({ name: 'orders_total', help: 'Orders.' })
    const { url, close } = await serveMetrics({ port: 0 })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    const first = await fetch(url)
    expect(first.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await first.text()).toContain('orders_total 0\n')
    orders.inc()
    expect(await (await fetch(url)).text()).toContain('orders_total 1\n')
    await close()
    await expect(fetch(url)).rejects.toThrow()
  })

  test('has nothing else, and takes nothing', async () => {
    await using metrics = await serveMetrics({ port: 0 })
    expect((await fetch(new URL('/', metrics.url))).status).toBe(404)
    const posted = await fetch(metrics.url, { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const head = await fetch(metrics.url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await fetch(`${metrics.url}?x=1`)).status).toBe(200)
  })

  test('answers nobody who means another machine', async () => {
    await using metrics = await serveMetrics({ port: 0 })
    const [answer] = await once(get(metrics.url, { headers: { host: 'evil.example' } }), 'response') as [IncomingMessage]
    expect(answer.resume().statusCode).toBe(403)
  })

  test('says which port is taken', async () => {
    await using metrics = await serveMetrics({ port: 0 })
    const port = Number(new URL(metrics.url).port)
    await expect(serveMetrics({ port })).rejects.toMatchObject({ code: 'server.port_in_use', message: `metrics cannot be served on 127.0.0.1:${port}: the port is in use` })
    await expect(serveMetrics({ port: 0, host: '203.0.113.1' })).rejects.toMatchObject({ code: 'server.cannot_listen' })
  })

  test.each([
    [{ port: -1 }, 'Expected `port` to be a whole number from 0 to 65535, got -1'], [{ port: '9464' }, 'Expected `port` to be'], [{}, 'Expected `port` to be'],
    [{ port: 0, host: '' }, 'Expected `host` to be a host name or an address, got ""'], [{ port: 0, registries: [{}] }, 'Expected `registries` to be a list of registries of prom-client'],
  ])('refuses %j', async (options, message) => {
    await expect(serveMetrics(options as never)).rejects.toThrow(message)
  })
})

describe('writeMetricsFile', () => {
  test('puts a whole file in place that everybody may read', async () => {
    const path = join(folder, 'script.prom')
    await writeMetricsFile(path)
    await writeMetricsFile(path)
    expect(readFileSync(path, 'utf8')).toMatch(/^taskflows_system_info\{.*\} 1$/m)
    expect(statSync(path).mode & 0o444).toBe(0o444)
    expect(readdirSync(folder)).toEqual(['script.prom'])
  })

  test('says what is wrong with a place, and leaves nothing there', async () => {
    await expect(writeMetricsFile(join(folder, 'none', 'x.prom'))).rejects.toMatchObject({ code: 'metrics.not_written', message: expect.stringContaining('/none/x.prom') })
    mkdirSync(join(folder, 'place.prom'))
    await expect(writeMetricsFile(join(folder, 'place.prom'))).rejects.toMatchObject({ code: 'metrics.not_written' })
    await expect(writeMetricsFile(join(folder, 'x.txt'))).rejects.toThrow('Expected the file\'s name to end in .prom')
    expect(readdirSync(folder).sort()).toEqual(['place.prom', 'script.prom'])
  })
})

describe('the settings', () => {
  const said: string[] = []
  const log = { debug: (fields: object) => said.push(JSON.stringify(fields)), info: () => {}, warn: (_fields: object, message: string) => said.push(message), error: () => {} }
  afterEach(() => { said.length = 0 })

  test('switch on a port and a file, once for a process', async () => {
    const path = join(folder, 'process.prom')
    {
      await using exports = new AsyncDisposableStack()
      for (let times = 0; times < 2; times += 1) exports.use(await exportMetrics({ metricsPort: 0, metricsFile: path }, log))
      expect(said).toHaveLength(1)
      const { url } = JSON.parse(said[0]!) as { url: string }
      expect((await fetch(url)).status).toBe(200)
    }
    expect(readFileSync(path, 'utf8')).toContain('taskflows_system_info')
  })

  test('that name a port in use, or a place that cannot be written, are complained of once', async () => {
    await using taken = await serveMetrics({ port: 0 })
    {
      const metricsPort = Number(new URL(taken.url).port)
      await using _ = await exportMetrics({ metricsPort, metricsFile: join(folder, 'none', 'x.prom') }, log)
    }
    expect(said).toEqual([expect.stringContaining('the port is in use'), expect.stringContaining('/none/x.prom')])
  })

  test('that say nothing do nothing', async () => {
    await using _ = await exportMetrics({ metricsPort: null, metricsFile: null }, log)
    expect(said).toEqual([])
    expect(existsSync(join(folder, 'x.prom'))).toBe(false)
  })
})

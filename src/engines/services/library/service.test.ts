import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ValidationError } from '../../../kernel/errors.ts'
import { Service } from './service.ts'
import { ServiceRegistry } from './service-registry.ts'
import type { ServiceOptions } from './service-options.ts'

const directory = mkdtempSync(join(tmpdir(), 'service-'))
afterAll(() => { rmSync(directory, { recursive: true }) })

class WebService extends Service {
  constructor(appModule: string, port: number, options: Partial<ServiceOptions>) {
    super({ startCommand: `./uvicorn ${appModule} --port ${port}`, ...options })
  }
}

const web = new WebService('app:app', 8000, { name: 'web', env: { TOKEN: 'x y' }, startSchedule: 'daily 03:00' })

describe('a service', () => {
  test('is defined where it is written, whatever class makes it', () => {
    expect(web.definition).toMatchObject({ source: import.meta.filename, startCommand: { argv: [join(import.meta.dirname, 'uvicorn'), 'app:app', '--port', '8000'] } })
  })

  test('is refused at once, naming itself', () => {
    expect(() => new Service({ name: 'web', startCommand: 'a', timeout: -1 })).toThrow('service "web": timeout: expected a number of seconds')
    expect(() => new Service({})).toThrow('a service without a name: name: is missing; startCommand: is missing')
  })

  test.each([
    ['an object', () => Service.fromObject(JSON.parse(JSON.stringify(web)) as Record<string, unknown>)],
    ['YAML', () => Service.fromYAML(web.toYAML())],
    ['a JSON file', () => throughFile(join(directory, 'web.json'))],
    ['a YAML file', () => throughFile(join(directory, 'web.yaml'))],
  ])('comes back from %s', async (_what, comeBack) => {
    const back = await comeBack()
    expect(back).toBeInstanceOf(Service)
    expect(back.definition).toEqual(web.definition)
  })

  test('is written for the account alone, since it may hold secrets', () => {
    expect(statSync(join(directory, 'web.json')).mode & 0o777).toBe(0o600)
  })

  test('is written as JSON or YAML only', async () => {
    await expect(web.toFile(join(directory, 'web.txt'))).rejects.toThrow('expected a file that ends in .json, .yaml or .yml')
    await expect(Service.fromFile(join(directory, 'none.yaml'))).rejects.toThrow('there is no file')
  })

  async function throughFile(path: string): Promise<Service> {
    await web.toFile(path)
    return Service.fromFile(path)
  }
})

describe('a registry', () => {
  const worker = new Service({ name: 'worker', startCommand: 'sleep 1' })

  test('has services by name', () => {
    const registry = new ServiceRegistry(web).add(worker, web)
    expect([registry.names, registry.size, registry.has('web'), registry.has('x'), [...registry], registry.services]).toEqual([['web', 'worker'], 2, true, false, [web, worker], [web, worker]])
    expect(registry.get('worker')).toBe(worker)
    expect(() => registry.get('wroker')).toThrow(expect.objectContaining({ code: 'service.invalid', hint: 'Did you mean worker?' }))
  })

  test('takes no two of one name', () => {
    expect(() => new ServiceRegistry(worker, new Service({ name: 'worker', startCommand: 'sleep 2' }))).toThrow(ValidationError)
  })

  test('comes back from YAML, JSON and files', async () => {
    const registry = new ServiceRegistry(web, worker)
    const file = join(directory, 'all.yaml')
    await registry.toFile(file)
    for (const back of [ServiceRegistry.fromObject(registry.toJSON()), ServiceRegistry.fromYAML(registry.toYAML()), await ServiceRegistry.fromFile(file)]) {
      expect(back.services.map(({ definition }) => definition)).toEqual([{ ...web.definition }, { ...worker.definition }].map((definition) => expect.objectContaining({ ...definition, source: expect.any(String) as string }) as unknown))
    }
  })
})

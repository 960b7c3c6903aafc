/** Several services together: one apply for all of them. */
import { ValidationError } from '../../../kernel/errors.ts'
import { nearest } from '../../../kernel/nearest.ts'
import { actOn } from './act-on-host.ts'
import { definitionText, readYamlFile, writeDefinitionFile } from '../files/definition-text.ts'
import { Service } from './service.ts'
import type { ServiceVerb } from '../services.ts'
import { readServices } from '../files/services-file.ts'
import type { ShownDefinition } from '../define/write-definition.ts'
import { parseYaml } from '../files/yaml-document.ts'

/**
 * Services by name. Its methods act on all of them, on this host; in a module that `tf` loads they do nothing.
 *
 * @example
 * const registry = new ServiceRegistry(web, worker)
 * await registry.create()
 * await registry.get('web').logs()
 */
export class ServiceRegistry implements Iterable<Service> {
  readonly #services = new Map<string, Service>()

  /** @throws ValidationError `service.invalid` when two have one name */
  constructor(...services: readonly Service[]) {
    this.add(...services)
  }

  /** @throws ValidationError `service.invalid` when another one has the name */
  add(...services: readonly Service[]): this {
    for (const service of services) {
      const other = this.#services.get(service.name)
      if (other !== undefined && other !== service) throw new ValidationError('service.invalid', `the registry has another service named "${service.name}"`)
      this.#services.set(service.name, service)
    }
    return this
  }

  get names(): string[] {
    return [...this.#services.keys()]
  }

  get services(): Service[] {
    return [...this.#services.values()]
  }

  get size(): number {
    return this.#services.size
  }

  has(name: string): boolean {
    return this.#services.has(name)
  }

  /** @throws ValidationError `service.invalid` when it has none of that name */
  get(name: string): Service {
    const service = this.#services.get(name)
    if (service) return service
    const meant = nearest(name, this.names)
    throw new ValidationError('service.invalid', `the registry has no service named ${JSON.stringify(name)}`, { hint: meant === undefined ? `It has ${this.names.join(', ') || 'none'}.` : `Did you mean ${meant}?` })
  }

  [Symbol.iterator](): Iterator<Service> {
    return this.#services.values()
  }

  /** Writes the units of all, has systemd read them once, enables and starts them as defined. @throws `service.not_applied` for those that did not come up */
  async create(): Promise<void> {
    await actOn(this.#definitions(), 'create')
  }

  /** One that fails does not keep the others from starting; the failures are thrown in the end. So it is with all that follow. */
  async start(): Promise<void> {
    await this.#act('start')
  }

  async stop(): Promise<void> {
    await this.#act('stop')
  }

  async restart(): Promise<void> {
    await this.#act('restart')
  }

  async enable(): Promise<void> {
    await this.#act('enable')
  }

  async disable(): Promise<void> {
    await this.#act('disable')
  }

  async remove(): Promise<void> {
    await this.#act('remove')
  }

  async #act(verb: ServiceVerb): Promise<void> {
    await actOn(this.#definitions(), verb)
  }

  #definitions() {
    return this.services.map(({ definition }) => definition)
  }

  /** As a YAML file of services: `{ services: [...] }`. */
  toJSON(): { services: ShownDefinition[] } {
    return { services: this.services.map((service) => service.toJSON()) }
  }

  toYAML(): string {
    return definitionText(this.toJSON(), 'yaml')
  }

  /** As JSON or YAML, by the ending of the file; only the account can read it. */
  async toFile(path: string): Promise<void> {
    await writeDefinitionFile(path, this.toJSON())
  }

  /** From what `toJSON` gave. @param directory what relative paths are relative to */
  static fromObject(given: Readonly<Record<string, unknown>>, { directory }: { readonly directory?: string } = {}): ServiceRegistry {
    return registryOf(readServices({ content: given, lineOf: () => 1 }, { where: 'the object', directory }))
  }

  static fromYAML(text: string, { directory }: { readonly directory?: string } = {}): ServiceRegistry {
    return registryOf(readServices(parseYaml(text, 'the text'), { where: 'the text', directory }))
  }

  static async fromFile(path: string): Promise<ServiceRegistry> {
    const file = readYamlFile(path)
    return registryOf(readServices(file, { where: file.path, directory: file.directory }))
  }
}

function registryOf({ definitions }: ReturnType<typeof readServices>): ServiceRegistry {
  return new ServiceRegistry(...definitions.map(({ definition }) => new Service(definition)))
}

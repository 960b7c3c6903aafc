/**
 * A service as people define it: its options, read where they are written, and
 * what can be done with it on this host. `services.ts` is what does it; while tf
 * loads the module (`load-definitions.ts`) the service only tells that it is there.
 */
import { TaskflowsError, ValidationError } from '../../../kernel/errors.ts'
import { actOn } from './act-on-host.ts'
import { type Place, placeOfDefinition } from './definition-place.ts'
import { definitionText, readDefinitionText, readYamlFile, writeDefinitionFile } from '../files/definition-text.ts'
import { isRead, readDefinition } from '../define/read-definition.ts'
import { serviceBrand } from '../define/service-brand.ts'
import type { ServiceDefinition, ServiceScope } from '../service-definition.ts'
import type { UnitFile } from '../service-manager.ts'
import type { ServiceOptions } from './service-options.ts'
import { currentLoading, loadServiceRuntime, openLocalServices } from './service-runtime.ts'
import type { ActOptions, ServiceFile, ServiceVerb, ServiceView } from '../services.ts'
import { type ShownDefinition, showDefinition } from '../define/write-definition.ts'

/**
 * A command that systemd runs on this host: on a schedule, at boot, or always.
 *
 * Subclass it to fill in what a kind of service has in common. Methods act on this host, in this process, without a server;
 * in a module that `tf` loads they do nothing, since tf plans and applies what the module defines.
 *
 * @throws ValidationError `service.invalid`, SecurityError `service.unsafe`, naming every option that is wrong
 * @example
 * export const nightly = new Service({ name: 'nightly', startCommand: 'python report.py', startSchedule: new Calendar('daily 03:00') })
 * await nightly.create()
 */
export class Service {
  readonly [serviceBrand] = true as const
  /** In normal form: seconds, bytes, absolute paths. */
  readonly definition: ServiceDefinition

  /** @param options all of ServiceOptions that the class does not know itself; `name` and `startCommand` must be among them in the end */
  constructor(options: Partial<ServiceOptions> | ServiceDefinition) {
    const place = placeOfDefinition()
    this.definition = isRead(options) ? options : readAt(options, place)
    currentLoading()?.services.push({ definition: this.definition, place: place?.text })
  }

  get name(): string {
    return this.definition.name
  }

  get scope(): ServiceScope {
    return this.definition.scope
  }

  /**
   * Writes its units, has systemd read them, enables and starts it as its definition says. What does not come up is rolled back.
   * @throws `service.verify_failed`, `service.not_applied`, `systemd.unavailable`
   */
  async create(): Promise<void> {
    await actOn([this.definition], 'create')
  }

  /** One with a start schedule starts its timer; `services: true` runs it now. @throws `service.not_found`, `service.action_failed`, `systemd.unavailable`, as all that follow */
  async start(options: ActOptions = {}): Promise<void> {
    await this.#act('start', options)
  }

  async stop(options: ActOptions = {}): Promise<void> {
    await this.#act('stop', options)
  }

  async restart(options: ActOptions = {}): Promise<void> {
    await this.#act('restart', options)
  }

  /** Starts at boot: its timer when it has a start schedule, else the service. */
  async enable(options: ActOptions = {}): Promise<void> {
    await this.#act('enable', options)
  }

  async disable(options: ActOptions = {}): Promise<void> {
    await this.#act('disable', options)
  }

  /** Stops it and removes its units. */
  async remove(): Promise<void> {
    await this.#act('remove', {})
  }

  async #act(verb: ServiceVerb, options: ActOptions): Promise<void> {
    await actOn([this.definition], verb, options)
  }

  /** @throws `service.not_found` */
  async status(): Promise<ServiceView> {
    await using services = await openLocalServices()
    return (await services.get(this.name, this.scope)).view
  }

  /** Whether it has units on this host. */
  async exists(): Promise<boolean> {
    return (await this.showFiles()).length > 0
  }

  /** The last lines of its log, with times, from the journal. @throws `logs.unavailable` */
  async logs({ lines = 1000 }: { readonly lines?: number } = {}): Promise<string> {
    return (await loadServiceRuntime()).readLog(this.name, this.scope, lines)
  }

  /** Its units on this host, with drop-ins; none when it was not created. */
  async showFiles(): Promise<readonly ServiceFile[]> {
    await using services = await openLocalServices()
    return services.files({ match: this.name, scope: this.scope }).catch((error: unknown) => {
      if (error instanceof TaskflowsError && error.code === 'service.not_found') return []
      throw error
    })
  }

  /** Paths of its units on this host. */
  async unitFiles(): Promise<string[]> {
    return (await this.showFiles()).filter(({ kind }) => kind === 'unit').map(({ path }) => path)
  }

  async serviceFiles(): Promise<string[]> {
    return (await this.unitFiles()).filter((path) => path.endsWith('.service'))
  }

  async timerFiles(): Promise<string[]> {
    return (await this.unitFiles()).filter((path) => path.endsWith('.timer'))
  }

  /** What `create` would write. */
  async renderUnitFiles(): Promise<readonly UnitFile[]> {
    await using services = await openLocalServices()
    return (await services.compiler())(this.definition).units
  }

  /** As in YAML files and over the API, with the values of `env`. */
  toJSON(): ShownDefinition {
    return showDefinition(this.definition, { secrets: 'keep' })
  }

  toYAML(): string {
    return definitionText(this.toJSON(), 'yaml')
  }

  /** As JSON or YAML, by the ending of the file; only the account can read it. */
  async toFile(path: string): Promise<void> {
    await writeDefinitionFile(path, this.toJSON())
  }

  /** From what `toJSON` gave. @param directory what relative paths are relative to */
  static fromObject(given: Readonly<Record<string, unknown>>, { directory }: { readonly directory?: string } = {}): Service {
    return new Service(readDefinition(given, { names: 'snake', directory }))
  }

  static fromYAML(text: string, options: { readonly directory?: string } = {}): Service {
    return Service.fromObject(recordOf(readDefinitionText(text, 'the text')), options)
  }

  /** A file with one service, in JSON or YAML. */
  static async fromFile(path: string): Promise<Service> {
    const { content, directory } = readYamlFile(path)
    return Service.fromObject(recordOf(content), { directory })
  }
}

function recordOf(content: unknown): Readonly<Record<string, unknown>> {
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Readonly<Record<string, unknown>>
  throw new ValidationError('service.invalid', 'expected the fields of one service')
}

function readAt(options: Partial<ServiceOptions>, place: Place | undefined): ServiceDefinition {
  const loading = currentLoading()
  return readDefinition(options, {
    directory: place?.directory, source: place?.file, scope: loading?.scope,
    takeFunction: loading && ((fn) => {
      const command = { kind: 'function' as const, file: place?.file ?? '', export: '' }
      loading.functions.push({ fn, command, service: String(options.name), file: place?.file })
      return command
    }),
  })
}

/** The OpenAPI document of a running server, as far as requests are made of it and answers compared with it. */
import { z } from 'zod'
import { type Answer, send } from '../api-suite.ts'

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly format?: string
  readonly pattern?: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: Schema
}

interface Described {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>
}

interface DescribedOperation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, Described>>
  readonly security: readonly object[]
}

/** One method at one path. */
export interface Place {
  /** `jobs.add`, or `jobs.add.alias`. */
  readonly id: string
  /** In upper case. */
  readonly method: string
  /** With `{field}`. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | undefined
  readonly isPublic: boolean
  /** Whether its answer to `status` is in the document, under this code if it is a problem. */
  documents(status: number, code?: string): boolean
  /** What is wrong with an answer of success, by the document. */
  judge(status: number, body: unknown): string | undefined
}

export interface Document {
  readonly places: readonly Place[]
  resolve(schema: Schema): Schema
  /** The place that a method and a path lead to. */
  find(method: string, path: string): Place | undefined
}

interface Json {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export async function readDocument(url: string): Promise<Document> {
  const { json }: Answer = await send(url, 'GET', '/openapi.json')
  const { paths, components: { schemas } } = json as unknown as Json
  const places = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => placeOf(path, method.toUpperCase(), operation, schemas)))
  const patterns = places.map((place) => ({ place, pattern: new RegExp(`^${place.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
  return {
    places,
    resolve: (schema) => (schema.$ref === undefined ? schema : schemas[schema.$ref.replace(/.*\//, '')]!),
    find: (method, path) => patterns.find(({ place, pattern }) => place.method === (method === 'HEAD' ? 'GET' : method) && pattern.test(path))?.place,
  }
}

function placeOf(path: string, method: string, { operationId, parameters = [], requestBody, responses, security }: DescribedOperation, schemas: Json['components']['schemas']): Place {
  const checks = new Map<string, z.ZodType>()
  const checkOf = (status: string): z.ZodType => {
    const check = checks.get(status) ?? z.fromJSONSchema(JSON.parse(JSON.stringify({ ...responses[status]!.content['application/json']!.schema, $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/')))
    checks.set(status, check)
    return check
  }
  return {
    id: operationId, method, path, parameters,
    body: requestBody?.content['application/json']?.schema,
    isPublic: security.length === 0,
    documents: (status, code) => Object.hasOwn(responses, status) && (code === undefined || responses[status]!.description.includes(`\`${code}\``)),
    judge: (status, body) => {
      if (!Object.hasOwn(responses, status)) return `${status} is not documented`
      const { error } = checkOf(String(status)).safeParse(body)
      return error && z.prettifyError(error)
    },
  }
}

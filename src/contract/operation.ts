/**
 * The shape of an operation: what can be asked of the product, declared once.
 *
 * From a declaration come the REST route with its validation, the permission
 * check, the OpenAPI document, the typed client and the `tf` command with its
 * flags and help. Safe for the browser.
 */
import { z } from 'zod'
import type { ErrorCode } from '../kernel/errors.ts'
import type { Permission } from '../kernel/permissions.ts'

export interface CliWords {
  /** `jobs add`. */
  readonly command: string
  /** Input fields given by position, in order; one that ends in `...` takes the rest of the line. */
  readonly args?: readonly string[]
  /** Flags whose name or form differs from the field: field -> flag and placeholder, such as `--payload <json|@file|->` or `-t, --timers`. */
  readonly flags?: Readonly<Record<string, string>>
  /** Input fields that the command line does not offer. */
  readonly hidden?: readonly string[]
  /** Lines to copy, for `--help`. */
  readonly examples?: readonly string[]
  /** What help says besides. */
  readonly notes?: string
  /** Asked on a terminal before it is done, unless `--yes`. */
  readonly confirm?: string
}

export interface Operation<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`, with `{field}` for input fields that travel in the path. */
  readonly path: string
  /** The older paths of the documents, from the root of the server. */
  readonly aliases?: readonly string[]
  /** `public`: anybody. Else the caller's role must carry it (`access/roles.ts`). */
  readonly permission: Permission | 'public'
  /** One sentence without a full stop, for `--help` and OpenAPI. */
  readonly summary: string
  /** Field by field; fields outside the path travel in the query (GET, DELETE) or the body. */
  readonly input: I
  readonly output: O
  /**
   * It answers with items as they come, until the caller goes away: over HTTP as server-sent events, to callers that
   * accept `text/event-stream`. `output` is one item, and its input has a `cursor`. It shares method and path with the
   * operation that answers JSON.
   */
  readonly stream?: true
  /** The field of `output` that changes whenever the thing does: its `ETag`, and what `If-Match` is compared with. */
  readonly version?: string
  /** It changes one thing that has a version, and does so only at those that `If-Match` names. */
  readonly ifMatch?: true
  /** The field of `output` that tells whether something was made. Where it is false success is 200. */
  readonly created?: string
  /** The field of `output` that is shown once and never kept, so that a repeated request is refused instead of answered again. */
  readonly secret?: string
  /** HTTP status of success: 200 unless said. */
  readonly success?: 200 | 201 | 202 | 204
  /** It may take minutes, since it waits for something else to come up or to end: clients wait for its answer that long. */
  readonly slow?: true
  /** The longest body in bytes, for operations that take many things at once. */
  readonly maxBodyBytes?: number
  readonly errors: readonly ErrorCode[]
  readonly cli?: CliWords
}

/** Declares an operation; the types of input and output are inferred, and whether it is a command of `tf` or a stream. */
export function operation<const I extends z.ZodObject, const O extends z.ZodType>(declared: Operation<I, O> & { readonly cli: CliWords }): Operation<I, O> & { readonly cli: CliWords }
export function operation<const I extends z.ZodObject, const O extends z.ZodType>(declared: Operation<I, O> & { readonly stream: true }): Operation<I, O> & { readonly stream: true }
export function operation<const I extends z.ZodObject, const O extends z.ZodType>(declared: Operation<I, O>): Operation<I, O>
export function operation<const I extends z.ZodObject, const O extends z.ZodType>(declared: Operation<I, O>): Operation<I, O> {
  return declared
}

export type Area = Readonly<Record<string, Operation>>
export type Contract = Readonly<Record<string, Area>>

/** What a caller writes. */
export type InputOf<Op> = Op extends Operation<infer I, infer _O> ? z.input<I> : never
/** What an implementation gets: validated, defaults filled in. */
export type ValidInputOf<Op> = Op extends Operation<infer I, infer _O> ? z.output<I> : never
export type OutputOf<Op> = Op extends Operation<infer _I, infer O> ? z.output<O> : never

/** One item of a stream, and the cursor with which the stream goes on right behind it. */
export interface Streamed<T> {
  readonly cursor: string
  readonly item: T
}

/** Items of a stream that came together; an empty one says where the stream stands. */
export interface StreamBatch<T> {
  readonly items: readonly Streamed<T>[]
  readonly cursor: string
  /** Nothing comes behind these, however long somebody waits. */
  readonly last?: true
}

/** The names in braces of a path. */
export function pathFields(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
}

/** Words of a person: anything but what PostgreSQL cannot keep. */
export function freeText(max: number) {
  return z.string().max(max).regex(/^[^\0\p{Cs}]*$/u, 'must not hold \\u0000 or lone surrogates')
}

/** `limit` and `cursor`, as every list takes them. */
export const pageInput = {
  limit: z.coerce.number().int().min(1).max(1000).default(50).describe('How many to show at most'),
  cursor: z.string().max(10_000).regex(/^[\x21-\x7e]*$/, 'must be next_cursor of the previous page').optional().describe('next_cursor of the previous page'),
}

/** A page, as every list answers. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable().describe('Give it as cursor to see the next page; null on the last one') })
}

/** Seconds as a number, or text such as `5m`; `kernel/duration.ts` says which texts it takes. */
export const Duration = z.union([z.number().min(0), z.string().min(1).max(100)])

/** An instant: ISO 8601 with an offset, and in UTC of a year that can be kept, and shown in the same form. */
export const Instant = z.iso.datetime({ offset: true }).refine(isOfOurTime, 'must be within the years 1970 to 9999')

function isOfOurTime(instant: string): boolean {
  const year = new Date(instant).getUTCFullYear()
  return year >= 1970 && year <= 9999
}

/**
 * For whom something is read or changed. Every store function takes one first.
 */
export interface Scope {
  /** The only tenant that may be seen, or `null` for callers that are bound to none. */
  readonly tenant: string | null
}

/** Sees everything: the product's own loops, and callers bound to no tenant. */
export const everyTenant: Scope = { tenant: null }

/** Who acts, as it is kept in the event log. Never a secret. */
export interface Actor {
  readonly name: string
}

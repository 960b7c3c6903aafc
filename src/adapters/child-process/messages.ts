/** What a process and the child that runs one attempt for it say to each other. */
import type { IsolatedCall } from '../../engines/tasks/runtime.ts'
import type { Thrown } from './thrown.ts'

/** As much of a call as can be passed on. */
export type CallData = Omit<IsolatedCall, 'signal' | 'onProgress'>

/** `done`, `total`, `message`. */
export type ProgressArguments = Parameters<IsolatedCall['onProgress']>

export type ToChild =
  | {
      readonly kind: 'call'
      readonly call: CallData
      /** Id of the process that says this. */
      readonly parent: number
      /** In the environment of the child and all that it starts. */
      readonly mark: string
    }
  | { readonly kind: 'abort'; readonly reason: Thrown }

/** How the function ended. */
export type Outcome =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: Thrown }

export type FromChild = Outcome | { readonly kind: 'progressed'; readonly progress: ProgressArguments }

/** Objects that people also write as one text, in the form of Docker's command line. What the parts may be, the tables say. */
import type { ObjectType } from './field.ts'

type Parse = (text: string) => Readonly<Record<string, unknown>> | undefined

const parsers: Partial<Record<ObjectType, Parse>> = {
  Volume: (text) => {
    const [, hostPath, containerPath, mode] = /^([^:]+):([^:]+)(?::(ro|rw))?$/.exec(text) ?? []
    return hostPath === undefined ? undefined : { hostPath, containerPath, ...(mode !== undefined && { readOnly: mode === 'ro' }) }
  },
  Ulimit: (text) => {
    const [, name, soft, hard] = /^([a-z]+)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text) ?? []
    return name === undefined ? undefined : { name, soft: Number(soft), ...(hard !== undefined && { hard: Number(hard) }) }
  },
}

/** What was said, by the names of the table; `undefined` when it is not of that form. */
export function valuesOfText(type: ObjectType, text: string): Record<string, unknown> | undefined {
  const values = parsers[type]?.(text)
  return values && { ...values }
}

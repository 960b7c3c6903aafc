/** Reads LogQL with the grammar that Grafana's editor has. */
import { parser } from '@grafana/lezer-logql'

/** What cannot be read of a query, as pieces of its text. Variables of dashboards stand for a word or a duration. */
export function faultsIn(query: string): string[] {
  const text = query.replaceAll(/\$__\w+/g, '5m').replaceAll(/\$\w+/g, '.+')
  const faults: string[] = []
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) faults.push(text.slice(from, Math.max(to, from + 20)))
    },
  })
  return faults
}

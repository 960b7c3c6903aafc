/** `tf version`. */
import type { RunCommand } from '../invocation.ts'
import { packageVersion } from '../../../kernel/version.ts'

export const run: RunCommand = ({ output }) => {
  const version = packageVersion()
  const answer = { version, node: process.versions.node, platform: `${process.platform}-${process.arch}` }
  return output(false).item(answer, { name: version, text: () => `taskflows ${version} (Node ${answer.node}, ${answer.platform})` })
}

/** The unified diff of two short texts, such as units. */

/** Lines that stay the same around a change, as diff(1) shows them. */
const context = 3

type Edit = { readonly kind: ' ' | '-' | '+'; readonly line: string }

/** Empty when they are the same. An absent text is a file that is not there: `/dev/null`. */
export function unitDiff(name: string, from: string | null, to: string | null): string {
  if (from === to) return ''
  const edits = editsOf(linesOf(from), linesOf(to))
  const head = [`--- ${from === null ? '/dev/null' : `a/${name}`}`, `+++ ${to === null ? '/dev/null' : `b/${name}`}`]
  return [...head, ...hunksOf(edits)].join('\n') + '\n'
}

function linesOf(text: string | null): string[] {
  return text === null || text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** The fewest lines to take out and put in, by the longest common subsequence. */
function editsOf(from: readonly string[], to: readonly string[]): Edit[] {
  // common[i][j]: how many lines from i and from j on are the same.
  const common = Array.from({ length: from.length + 1 }, () => Array.from({ length: to.length + 1 }, () => 0))
  for (let i = from.length - 1; i >= 0; i -= 1) {
    for (let j = to.length - 1; j >= 0; j -= 1) {
      common[i]![j] = from[i] === to[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
    }
  }
  const edits: Edit[] = []
  let [i, j] = [0, 0]
  while (i < from.length || j < to.length) {
    if (i < from.length && from[i] === to[j]) {
      edits.push({ kind: ' ', line: from[i++]! })
      j += 1
    } else if (i < from.length && (j === to.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      edits.push({ kind: '-', line: from[i++]! })
    } else {
      edits.push({ kind: '+', line: to[j++]! })
    }
  }
  return edits
}

function hunksOf(edits: readonly Edit[]): string[] {
  const changed = edits.flatMap(({ kind }, at) => (kind === ' ' ? [] : [at]))
  const ranges: [number, number][] = []
  for (const at of changed) {
    const [start, end] = [Math.max(0, at - context), Math.min(edits.length, at + context + 1)]
    const last = ranges.at(-1)
    if (last && start <= last[1]) last[1] = end
    else ranges.push([start, end])
  }
  return ranges.flatMap(([start, end]) => {
    const hunk = edits.slice(start, end)
    const place = (left: Edit['kind']): string => {
      const before = edits.slice(0, start).filter(({ kind }) => kind !== left).length
      const count = hunk.filter(({ kind }) => kind !== left).length
      // Of a side without lines, the line before it is named.
      return `${count === 0 ? before : before + 1}${count === 1 ? '' : `,${count}`}`
    }
    return [`@@ -${place('+')} +${place('-')} @@`, ...hunk.map(({ kind, line }) => `${kind}${line}`)]
  })
}

/** What the jobs found, as Markdown. Pure. */

export type FileFacts =
  | { readonly path: string; readonly language: string; readonly bytes: number; readonly lines: number; readonly sha256: string; readonly unread?: never }
  | { readonly path: string; readonly language: string; readonly unread: string }

type FileThere = Extract<FileFacts, { bytes: number }>

const shown = 10

export function renderReport(root: string, all: readonly FileFacts[]): string {
  const files = all.filter((file): file is FileThere => file.unread === undefined)
  const unread = all.filter((file) => file.unread !== undefined)
  return [
    `# ${text(root)}`,
    '',
    `${count(files.length, 'file')}, ${count(sum(files, 'lines'), 'line')}, ${count(sum(files, 'bytes'), 'byte')}.`,
    ...(unread.length > 0 ? ['', `${count(unread.length, 'file')} could not be read: ${unread.slice(0, shown).map((file) => `${text(file.path)} (${file.unread})`).join(', ')}.`] : []),
    '',
    '## Languages',
    '',
    ...table(['Language', 'Files', 'Lines', 'Bytes'], byLanguage(files)),
    '',
    '## Largest files',
    '',
    ...table(['File', 'Language', 'Lines', 'Bytes', 'SHA-256'], largest(files)),
    '',
  ].join('\n')
}

function byLanguage(files: readonly FileThere[]): string[][] {
  return [...Map.groupBy(files, ({ language }) => language)]
    .map(([language, group]) => ({ language, files: group.length, lines: sum(group, 'lines'), bytes: sum(group, 'bytes') }))
    .sort((a, b) => b.lines - a.lines || b.bytes - a.bytes || compare(a.language, b.language))
    .map((row) => [row.language, number(row.files), number(row.lines), number(row.bytes)])
}

function largest(files: readonly FileThere[]): string[][] {
  return files
    .toSorted((a, b) => b.bytes - a.bytes || compare(a.path, b.path))
    .slice(0, shown)
    .map((file) => [text(file.path), file.language, number(file.lines), number(file.bytes), file.sha256.slice(0, 12)])
}

function table(head: readonly string[], rows: readonly string[][]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
}

const sum = (files: readonly FileThere[], field: 'lines' | 'bytes') => files.reduce((total, file) => total + file[field], 0)
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const number = (value: number) => value.toLocaleString('en-US')
const count = (value: number, thing: string) => `${number(value)} ${thing}${value === 1 ? '' : 's'}`

/** A file name may hold anything but `/` and NUL: newlines, terminal escapes, Markdown. */
function text(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
    .replace(/[\\`*_{}[\]<>|#~]/g, '\\$&')
}

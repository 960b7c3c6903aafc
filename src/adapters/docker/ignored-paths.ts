/**
 * Which paths of a build context `.dockerignore` leaves out: Go's filepath.Match, `**` for any number of directories, `!` for what is
 * to be in all the same, and the last pattern that fits decides. A pattern that fits a directory fits all below it.
 * https://docs.docker.com/build/concepts/context/#dockerignore-files
 */

/** @param text of `.dockerignore` @returns whether a path, relative and with `/`, is left out */
export function ignoredPaths(text: string): (path: string) => boolean {
  const rules = text.replace(/^\uFEFF/, '').split('\n').filter((line) => !line.startsWith('#')).map((line) => line.trim()).filter((line) => line !== '' && line !== '!').map(rule)
  return (path) => rules.reduce((ignored, { pattern, keeps }) => (pattern.test(path) ? !keeps : ignored), false)
}

/** Whether something below an ignored directory may be in all the same. */
export function hasExceptions(text: string): boolean {
  return /^\s*!/m.test(text)
}

function rule(line: string): { readonly pattern: RegExp; readonly keeps: boolean } {
  const keeps = line.startsWith('!')
  const glob = (keeps ? line.slice(1).trim() : line).split('/').filter((part, place) => part !== '.' && (part !== '' || place > 0)).join('/').replace(/\/+$/, '')
  return { pattern: new RegExp(`^${globSource(glob)}(?:/.*)?$`, 's'), keeps }
}

function globSource(glob: string): string {
  return glob.replace(/\*\*\/?|\*|\?|\\.|\[(\^?)((?:\\.|[^\]\\])+)\]|[^*?\\[]+|\[|\\$/gs, (part, not: string | undefined, members: string | undefined) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (members !== undefined) return `[${not ?? ''}${members.replace(/\[/g, '\\[')}]`
    return (part.startsWith('\\') && part.length > 1 ? part.slice(1) : part).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
}

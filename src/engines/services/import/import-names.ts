/** Names for what is imported: of services, from what they run or were called, and of the exports of a module. */
import { problemOfName } from '../define/service-name.ts'

/** They run something that says more than they do. */
const wrappers = ['sudo', 'nice', 'ionice', 'flock', 'timeout', 'time', 'env', 'exec', 'nohup', 'chronic', 'setsid', 'command']
const interpreters = /^(?:python[\d.]*|node|ruby|perl|php[\d.]*|bash|sh|dash|zsh)$/
const withVerbs = /^(?:npm|npx|yarn|pnpm|make|uv|poetry|docker|git|run-parts)$/
const silent = /^(?:cd|test|\[|export|set|\.|source|umask|sleep|if|then|!)$/

/** `backup` for `cd /srv && nice -n 10 ./backup.sh --all`; `job` when nothing in it has a name. */
export function nameOfCommand(line: string): string {
  for (const part of line.split(/&&|\|\||[;|\n]/)) {
    const words = part.replace(/\bsudo\s+-u\s*\S+/, '').replaceAll(/["'`(){}]/g, ' ').split(/\s+/).filter((word) => !/^$|^\w+=|^-|^[<>\d&$]/.test(word)).map(baseName).filter((word) => !wrappers.includes(word))
    const [program, ...args] = words
    if (program === undefined || silent.test(program)) continue
    if (interpreters.test(program)) return slug(args[0] ?? program)
    return slug(withVerbs.test(program) ? [program, ...args.slice(0, 2)].join('-') : program)
  }
  return 'job'
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1).replace(/\.(?:sh|bash|py|js|mjs|ts|rb|pl|php|jar)$/, '')
}

/** Only what a name may have, and short. */
function slug(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.]+/g, '-').replaceAll(/\.{2,}/g, '.').slice(0, 60).replaceAll(/^[-.]+|[-.]+$/g, '') || 'job'
}

/** `web` for `web.service`; a name that services cannot have becomes one. */
export function nameOfUnit(unit: string): string {
  const name = unit.replace(/\.service$/, '').replace(/^taskflows-/, '')
  return name.endsWith('@') ? `${slug(name.slice(0, -1))}@` : slug(name)
}

/** The name, or with the first number that makes it a valid one that is not taken. */
export function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  const [base, at] = wanted.endsWith('@') ? [wanted.slice(0, -1), '@'] : [wanted, '']
  for (let number = 1; ; number += 1) {
    const name = `${base}${number === 1 ? '' : `-${number}`}${at}`
    if (!taken.has(name) && problemOfName(name) === undefined && name !== 'srv-api') return name
  }
}

const reserved = new Set(('await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private '
  + 'protected public return static super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity').split(' '))

/** `nightlyReport` for `nightly-report`. */
export function exportName(service: string, taken: ReadonlySet<string>): string {
  const [first = '', ...rest] = service.split(/[^A-Za-z0-9]+/).filter(Boolean)
  const camel = [first.charAt(0).toLowerCase() + first.slice(1), ...rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1))].join('')
  const safe = camel === '' || /^\d/.test(camel) || reserved.has(camel) ? `service${camel.charAt(0).toUpperCase()}${camel.slice(1)}` : camel
  for (let number = 1; ; number += 1) {
    const name = `${safe}${number === 1 ? '' : number}`
    if (!taken.has(name)) return name
  }
}

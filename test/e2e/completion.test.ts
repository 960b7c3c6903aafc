/**
 * `tf completion` in the shells themselves: each gets the script that `tf` prints and a line with the cursor at its
 * end, and says what it would offer. bash and zsh do so as a person sees it, on a terminal, by a key that writes
 * all candidates into the line; `tf` is a function there that shows its arguments.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../src/faces/cli/commands.ts'
import { globalFlags } from '../../src/faces/cli/global-flags.ts'

const program = join(import.meta.dirname, '../../src/faces/cli/main.ts')
let place: string

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'tf-completion-'))
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(place, `tf.${shell}`), execFileSync(process.execPath, [program, 'completion', shell]))
  mkdirSync(join(place, 'work'))
  for (const name of ['cat.json', 'cat.ts']) writeFileSync(join(place, 'work', name), '')
})
afterAll(() => rmSync(place, { recursive: true }))

const flagNames = (words: string) => [...commands.find((command) => command.words === words)!.flags, ...globalFlags].map(({ name }) => `--${name}`)
const states = commands.find(({ words }) => words === 'jobs list')!.flags.find(({ name }) => name === 'state')!.choices!
const firstWords = [...new Set(commands.map(({ words }) => words.split(' ')[0]!))]
const wordsAfter = (word: string) => [...new Set(commands.map(({ words }) => words.split(' ')).filter(([first]) => first === word).map(([, second]) => second!))]

const lines: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['tf ', firstWords],
  ['tf jo', ['jobs']],
  ['tf jobs ', wordsAfter('jobs')],
  ['tf -q -o json api ', wordsAfter('api')],
  ['tf help db ', wordsAfter('db')],
  ['taskflows -s localhost:7777 jo', ['jobs']],
  ['tf jobs list --', flagNames('jobs list')],
  ['tf jobs list --sta', ['--state']],
  ['tf jobs list --state ', states],
  ['tf jobs list --state D', ['DEAD']],
  ['tf jobs list --state=D', ['DEAD']],
  ['tf jobs list --output=json --state=D', ['DEAD']],
  ['tf jobs list -o j', ['json', 'jsonl']],
  ['tf jobs add --priority -5 --w', ['--wait', '--wait-timeout']],
  ['tf worker ', ['cat.json', 'cat.ts']],
  ['tf worker cat.json cat.t', ['cat.ts']],
  ['tf serve --worker cat.json cat.t', ['cat.ts']],
  ['tf serve --worker=cat.t', ['cat.ts']],
  ['tf serve --worker cat.ts --host ', []],
  ['tf jobs add resize --payload @cat.j', ['@cat.json']],
  ['tf db backup -- cat.t', ['cat.ts']],
  ['tf db backup cat.ts ', []],
  ['tf completion ', ['bash', 'zsh', 'fish']],
  ['tf completion fish ', []],
  ['tf jobs show ', []],
  ['tf jobs list ', []],
]

const shells: Readonly<Record<string, () => Promise<Shell>>> = { bash, zsh, fish }

describe.for(Object.entries(shells))('%s', ([name, open]) => {
  const missing = missingFor(name)
  if (missing !== undefined) console.log(`${process.env.CI ? 'missing' : 'skipped'}: completion in ${name}: ${missing}`)
  const skip = missing !== undefined && !process.env.CI

  test.skipIf(skip)('offers what the command tables say, and starts no program for it', async () => {
    await using shell = await open()
    const offered: [string, string[]][] = []
    for (const [line] of lines) offered.push([line, (await shell.offered(line)).sort()])
    expect(offered).toEqual(lines.map(([line, expected]) => [line, [...expected].sort()]))
  })
})

function missingFor(shell: string): string | undefined {
  const wanted = shell === 'fish' ? [shell] : [shell, 'script']
  return wanted.filter((each) => spawnSync(each, ['--version']).status !== 0).map((each) => `there is no ${each}`)[0]
}

interface Shell extends AsyncDisposable {
  offered(line: string): Promise<string[]>
}

/** Says by itself what it would offer. */
async function fish(): Promise<Shell> {
  return {
    offered: async (line) => {
      const out = execFileSync('fish', ['--no-config', '--command', `source ../tf.fish; set PATH /nowhere; complete -C '${line}'`], { cwd: join(place, 'work'), encoding: 'utf8' })
      return out.split('\n').filter(Boolean).map((candidate) => candidate.split('\t')[0]!.replace(/^--[\w-]+=/, ''))
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Insert-completions of readline is bound to Meta-*. */
function bash(): Promise<Shell> {
  return onTerminal('bash --norc --noprofile -i', [
    'source ../tf.bash', "bind 'set enable-bracketed-paste off'", 'PATH=/nowhere',
  ])
}

function zsh(): Promise<Shell> {
  return onTerminal('zsh -f -i', [
    'autoload -Uz compinit && compinit -u -D', 'source ../tf.zsh', 'unset zle_bracketed_paste', 'unsetopt prompt_cr prompt_sp',
    'zle -C all-matches complete-word _generic', "zstyle ':completion:all-matches:*' insert yes", "zstyle ':completion:all-matches::::' completer _all_matches _complete",
    "bindkey '\\e*' all-matches", 'path=(/nowhere)',
  ])
}

async function onTerminal(shell: string, setup: readonly string[]): Promise<Shell> {
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', `env PS1= TERM=dumb ${shell}`, '/dev/null'], { cwd: join(place, 'work'), stdio: ['pipe', 'pipe', 'inherit'] })
  const show = String.raw`tf() { printf '<%s>' "$@"; printf '%s\n' '<end''>'; }; taskflows() { tf "$@"; }`
  await shown(child, `${[...setup, show].join('\n')}\ntf\n`)
  return {
    offered: async (line) => {
      const text = await shown(child, `${line}\u001B*\n`)
      const args = [...text.matchAll(/<([^<>]*)>/g)].map(([, arg]) => arg!).slice(0, -1)
      const before = line.split(' ').slice(1, -1).length
      return args.slice(before).map((arg) => arg.replace(/^--[\w-]+=/, '')).filter((arg) => arg !== '' && arg !== line.split(' ').at(-1))
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'close')
      child.stdin!.end('\u0003exit\n')
      await ended
    },
  }
}

/** What the shell prints after `typed`, to the end of what `tf` shows. */
function shown(child: ChildProcess, typed: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onClose = () => reject(new Error(`the shell ended:\n${text}`))
    const onData = (chunk: Buffer) => {
      text += chunk
      if (!text.includes('<end>')) return
      child.stdout!.off('data', onData)
      child.off('close', onClose)
      resolve(text)
    }
    child.stdout!.on('data', onData)
    child.once('close', onClose)
    child.stdin!.write(typed)
  })
}

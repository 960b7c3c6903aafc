/** Runs a short program to its end. Its children that live on are started by `lock.ts` and `postmaster.ts`. */
import { spawn } from 'node:child_process'
import type { Command } from './launch.ts'

export interface Ended {
  /** 0 for success; 127 when the program could not be started. */
  readonly code: number
  /** What it wrote, both streams. */
  readonly output: string
}

/** What a message has room for: the end, where programs say why they gave up. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-5).join('\n')
}

/** Never rejects. A program that a signal ended has code 128. */
export function runProgram([program, ...args]: Command, { env, input = '' }: { env: NodeJS.ProcessEnv; input?: string }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: 'pipe' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 128, output: output.trim() }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

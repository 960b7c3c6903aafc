/** Processes that a bench starts, and that end with it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const tf = join(import.meta.dirname, '../src/faces/cli/main.ts')

/** A module of the bench, with IPC; what it says on stderr is shown. */
export function startChild(stack: AsyncDisposableStack, module: string, args: readonly string[] = []): ChildProcess {
  return start(stack, module, args, {}, 'inherit')
}

/** `tf serve`, once it listens. */
export async function startTfServe(stack: AsyncDisposableStack, args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ readonly server: ChildProcess; readonly port: number }> {
  const server = start(stack, tf, ['serve', ...args], env, 'pipe')
  const port = await new Promise<number>((resolve, reject) => {
    let said = ''
    server.once('exit', (code) => reject(new Error(`tf serve ended with ${code}:\n${said}`)))
    server.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const found = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)
      if (found) resolve(Number(found[1]))
    })
  })
  return { server, port }
}

function start(stack: AsyncDisposableStack, module: string, args: readonly string[], env: NodeJS.ProcessEnv, stderr: 'inherit' | 'pipe'): ChildProcess {
  const child = fork(module, args, { env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env }, execArgv: ['--conditions=source'], stdio: ['ignore', 'ignore', stderr, 'ipc'] })
  stack.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

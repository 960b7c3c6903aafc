import { configDefaults, defineConfig } from 'vitest/config'
import { LongFirst } from './test/testbed/long-first.ts'

/** Holds the time limits that users are promised; beside a virtual machine they would say nothing. */
const alone = ['test/machine/crash-worker.test.ts']

export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: 'test/testbed/global-setup.ts',
    pool: 'forks',
    // The tests run what users run: Node's own loader and type stripping, nothing transformed.
    execArgv: ['--conditions=source'],
    experimental: { viteModuleRunner: false, nodeLoader: false },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    sequence: { sequencer: LongFirst },
    projects: [
      // Most of them wait for something most of the time: three keep two processors busy.
      { extends: true, test: { name: 'three at a time', include: ['{src,test,scripts,examples,bench}/**/*.test.ts'], exclude: [...configDefaults.exclude, ...alone], maxWorkers: 3, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})

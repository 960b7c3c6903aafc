import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,test,scripts,examples,bench}/**/*.test.ts'],
    environment: 'node',
    globalSetup: 'test/testbed/global-setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    // The tests run what users run: Node's own loader and type stripping, nothing transformed.
    execArgv: ['--conditions=source'],
    experimental: { viteModuleRunner: false, nodeLoader: false },
    testTimeout: 15_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
})

/**
 * Once per run: starts the PostgreSQL of TASKFLOWS_TEST_POSTGRES (18, 15 or a directory of programs; default 18),
 * migrates the template that every test file copies, and tells the tests where it is. What Node makes of our files is kept
 * for the processes of the run.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { createPostgres, urlSource } from '../../src/adapters/database/postgres/index.ts'
import { migrate } from '../../src/kernel/database/migrate.ts'
import { databaseUrl, runAsAdmin, templateDatabase } from '../../src/testing/test-database.ts'
import { findPostgres, startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser on the server of this run. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const version = process.env.TASKFLOWS_TEST_POSTGRES || '18'
  const programs = findPostgres(version)
  if (programs === undefined) {
    throw new Error(`PostgreSQL ${version} was not found. Run npm test, which installs it, or set TASKFLOWS_TEST_POSTGRES to a directory that holds postgres and initdb.`)
  }
  const postgres = await startPostgres({ programs, fsync: false })
  await createTemplate(postgres.url).catch(async (error: unknown) => {
    await postgres.stop()
    throw error
  })
  project.provide('postgresUrl', postgres.url)
  const compiled = keepCompiled()
  return async () => {
    await postgres.stop()
    rmSync(compiled, { recursive: true, force: true })
  }
}

/**
 * Tests start `tf` and servers many hundred times, and half of what a start takes is stripping and compiling the same files.
 * Accounts other than that of the tests use it, too; Node gives each a directory of its own.
 */
function keepCompiled(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskflows-compiled-'))
  chmodSync(directory, 0o1777)
  process.env.NODE_COMPILE_CACHE = directory
  return directory
}

async function createTemplate(adminUrl: string): Promise<void> {
  await runAsAdmin(adminUrl, `create database ${templateDatabase}`)
  const database = createPostgres({ source: urlSource(databaseUrl(adminUrl, templateDatabase)) })
  try {
    await migrate(database)
  } finally {
    // A template is copied only while nobody is connected to it.
    await database.close()
  }
}

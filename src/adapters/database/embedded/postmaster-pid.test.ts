import { describe, expect, test } from 'vitest'
import { isPostgresOn, judgeOccupation, pidIn } from './postmaster-pid.ts'

const data = '/home/me/.taskflows/postgres/18/data'
const postgres = (pid: number) => ({ pid, program: '/opt/pg/bin/postgres', workingDirectory: data })

describe('a process', () => {
  test('is PostgreSQL on the directory when it runs postgres and stands there', () => {
    expect(isPostgresOn(data, postgres(1))).toBe(true)
  })
  test('is still PostgreSQL when an upgrade replaced its program', () => {
    expect(isPostgresOn(data, { ...postgres(1), program: '/opt/pg/bin/postgres (deleted)' })).toBe(true)
  })
  test('still counts when it is ending and has lost its program', () => {
    expect(isPostgresOn(data, { ...postgres(1), program: null })).toBe(true)
  })
  test('is none of ours when it runs something else there, or postgres elsewhere', () => {
    expect(isPostgresOn(data, { ...postgres(1), program: '/bin/bash' })).toBe(false)
    expect(isPostgresOn(data, { ...postgres(1), program: '/bin/not-postgres' })).toBe(false)
    expect(isPostgresOn(data, { ...postgres(1), workingDirectory: `${data}2` })).toBe(false)
    expect(isPostgresOn(data, { pid: 1, program: null, workingDirectory: null })).toBe(false)
  })
})

describe('the process number of a postmaster.pid', () => {
  test('is its first line', () => {
    expect(pidIn(`4711\n${data}\n1700000000\n5432\n/run/pg\n\n  5432001   12\nready   \n`)).toBe(4711)
  })
  test('is negative for a single-user backend', () => {
    expect(pidIn('-4711\n')).toBe(4711)
  })
  test('is nothing in an empty, half-written or foreign file', () => {
    for (const text of ['', '\n', '0\n', 'postgres\n', '12x\n', '99999999999999\n']) expect(pidIn(text), JSON.stringify(text)).toBeNull()
  })
})

describe('a data directory', () => {
  test('is free when nobody stands on it, whatever its postmaster.pid says', () => {
    expect(judgeOccupation('4711\n', [])).toBe('free')
  })
  test('has a postmaster when the named process is PostgreSQL on it', () => {
    expect(judgeOccupation('4711\n', [postgres(4712), postgres(4711)])).toBe('running')
  })
  test('has one that stops when its file says so', () => {
    expect(judgeOccupation(`4711\n${data}\n1700000000\n5432\n/run/pg\n\n  5432001   12\nstopping\n`, [postgres(4711)])).toBe('stopping')
    expect(judgeOccupation(`4711\n${data}\n1700000000\n5432\n/run/pg\n\n  5432001   12\nready   \n`, [postgres(4711)])).toBe('running')
  })
  test('has orphans when others than the named process are left', () => {
    expect(judgeOccupation('4711\n', [postgres(4712)])).toBe('orphans')
    expect(judgeOccupation(null, [postgres(4712)])).toBe('orphans')
  })
})

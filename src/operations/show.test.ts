import { expect, test } from 'vitest'
import { Attempt, Event, Job } from '../contract/index.ts'
import type { Job as EngineJob } from '../engines/jobs/index.ts'
import { showAttempt, showEvent, showJob } from './show.ts'

const at = Date.UTC(2030, 0, 1)
const id = '01a1fc3e-e279-7348-86da-ed5819db98f1'
const job: EngineJob = {
  id, name: 'resize', queue: 'images', tenant: 'acme', uniqueKey: 'k', payload: '{"a":[1,null]}', state: 'RUNNING', priority: 5, attempts: 2, maxAttempts: 3,
  scheduledAt: at, nextRunAt: at + 1, lastRunAt: at + 2, lastErrorType: 'TypeError', lastErrorMessage: 'no', backoffDecision: 'again', lockedBy: 'w1',
  leaseExpiresAt: at + 3, waitingOn: [id], result: '"done"', correlationId: 'c', createdAt: at + 4, updatedAt: at + 5, version: 'running-2',
}

test('a job is shown as the contract says, with instants in UTC and its JSON as JSON', () => {
  const shown = showJob(job)
  expect(Job.parse(shown)).toEqual(shown)
  expect(shown).toMatchObject({
    tenant_id: 'acme', payload: { a: [1, null] }, result: 'done', scheduled_at: '2030-01-01T00:00:00.000Z', next_run_at: '2030-01-01T00:00:00.001Z',
    last_run_at: '2030-01-01T00:00:00.002Z', lease_expires_at: '2030-01-01T00:00:00.003Z', created_at: '2030-01-01T00:00:00.004Z', updated_at: '2030-01-01T00:00:00.005Z',
  })
})

test('a payload that is too long for a list is said to be left out', () => {
  const shown = showJob({ ...job, payload: null })
  expect(shown).toMatchObject({ payload_omitted: true })
  expect(shown).not.toHaveProperty('payload')
})

test('a result that is too long for a list is said to be left out', () => {
  const shown = showJob({ ...job, result: null, resultOmitted: true })
  expect(Job.parse(shown)).toMatchObject({ result_omitted: true })
  expect(shown).not.toHaveProperty('result')
  expect(showJob({ ...job, result: null })).toMatchObject({ result: null })
})

test('a payload of null is not one that was left out', () => {
  const shown = showJob({ ...job, payload: 'null' })
  expect(shown).toMatchObject({ payload: null })
  expect(shown).not.toHaveProperty('payload_omitted')
})

test('an attempt tells how long it took, unless it never began', () => {
  const attempt = { attempt: 1, outcome: 'failed', final: true, worker: 'w1', startedAt: at, endedAt: at + 1500, errorType: null, errorMessage: null, backoffDecision: null } as const
  expect(Attempt.parse(showAttempt(attempt))).toMatchObject({ duration_seconds: 1.5, ended_at: '2030-01-01T00:00:01.500Z' })
  expect(showAttempt({ ...attempt, startedAt: null })).toMatchObject({ started_at: null, duration_seconds: null })
})

test('an event is shown as the contract says', () => {
  expect(Event.parse(showEvent({ id: '1.0', at, type: 'job.added', subject: id, name: 'resize', tenant: 'acme', actor: 'host', correlationId: 'c', data: { n: 1 } }))).toMatchObject({ tenant_id: 'acme', correlation_id: 'c' })
})

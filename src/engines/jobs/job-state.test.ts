import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TaskflowsError } from '../../kernel/errors.ts'
import { type JobEvent, isFinished, jobEvents, jobTransitions, nextState } from './job-state.ts'
import { type JobState, jobStates } from './vocabulary.ts'

const eventsFrom = (state: JobState) => Object.keys(jobTransitions[state]) as JobEvent[]

test('every state can be reached from PENDING, and PENDING from every state', () => {
  const reachable = (start: JobState): Set<JobState> => {
    const reached = new Set([start])
    for (const state of reached) for (const event of eventsFrom(state)) reached.add(nextState(state, event))
    return reached
  }
  expect(reachable('PENDING')).toEqual(new Set(jobStates))
  for (const state of jobStates) expect(reachable(state)).toContain('PENDING')
})

test('the table knows every state of the vocabulary, and leads nowhere else', () => {
  expect(Object.keys(jobTransitions)).toEqual([...jobStates])
  fc.assert(fc.property(fc.infiniteStream(fc.nat()), (dice) => {
    let state: JobState = 'PENDING'
    for (let turn = 0; turn < 50; turn += 1) {
      const events = eventsFrom(state)
      state = nextState(state, events[dice.next().value! % events.length]!)
      expect(jobStates).toContain(state)
    }
  }))
})

test('a finished job can only be revived, an unfinished one can always be cancelled', () => {
  for (const state of jobStates) {
    if (isFinished(state)) expect(eventsFrom(state)).toEqual(['revive'])
    else expect(nextState(state, 'cancel')).toBe('CANCELLED')
  }
  expect(jobStates.filter(isFinished)).toEqual(['SUCCEEDED', 'FAILED', 'DEAD', 'CANCELLED'])
})

test('every pair that is not in the table is refused, naming job, state and what would be possible', () => {
  for (const state of jobStates) {
    for (const event of jobEvents.filter((candidate) => !eventsFrom(state).includes(candidate))) {
      const refusal = refusalOf(state, event)
      expect(refusal.code).toBe('job.invalid_transition')
      expect(refusal.message).toContain(`job j1 is ${state} and cannot be`)
      expect(refusal.details).toMatchObject({ id: 'j1', state, event, possible_from: jobStates.filter((from) => eventsFrom(from).includes(event)) })
      expect(refusal.hint).toMatch(isFinished(state) ? /retry/ : /cancel/i)
    }
  }
})

test('the refusal speaks in the words of who asked', () => {
  expect(refusalOf('SUCCEEDED', 'cancel').message).toBe('job j1 is SUCCEEDED and cannot be cancelled; that needs PENDING, SCHEDULED, RUNNING')
  expect(refusalOf('RUNNING', 'revive').message).toBe('job j1 is RUNNING and cannot be retried; that needs SUCCEEDED, FAILED, DEAD, CANCELLED')
})

function refusalOf(state: JobState, event: JobEvent): TaskflowsError {
  try {
    nextState(state, event, 'j1')
  } catch (error) {
    if (error instanceof TaskflowsError) return error
  }
  throw new Error(`${state} accepted ${event}`)
}

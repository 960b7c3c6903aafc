import { describe, expect, test } from 'vitest'
import { definitionOf, task } from './task.ts'
import { defineJobs, tasksOf } from './tasks-of.ts'

const add = (one: number, other: number) => one + other

describe('the tasks of a module', () => {
  test('are its exports that are tasks, and those of an exported object', () => {
    const one = task(add, { name: 'one' })
    const tasks = tasksOf({ one, default: defineJobs({ two: add, three: task(add, { name: 'other', retries: 2 }) }), helper: add, version: 1 }, 'jobs.ts')
    expect([...tasks.keys()].toSorted()).toEqual(['one', 'three', 'two'])
    expect(tasks.get('three')).toMatchObject({ name: 'three', fn: add, policy: { maxAttempts: 3 } })
  })

  test('may be exported twice', () => {
    const one = task(add, { name: 'one' })
    expect([...tasksOf({ one, default: { one } }, 'jobs.ts').keys()]).toEqual(['one'])
  })

  test('must not share a name', () => {
    expect(() => tasksOf({ one: task(add, { name: 'same' }), two: task(() => 1, { name: 'same' }) }, 'jobs.ts')).toThrow(expect.objectContaining({ code: 'task.invalid', message: 'jobs.ts defines two tasks named "same"' }))
  })

  test('must be there', () => {
    expect(() => tasksOf({ helper: add }, 'jobs.ts')).toThrow(expect.objectContaining({ code: 'module.no_tasks', message: 'jobs.ts exports no tasks; found helper' }))
    expect(() => tasksOf({}, 'jobs.ts')).toThrow(/found no exports/)
  })

  test('have names as tasks do, also where the name is a key', () => {
    expect(() => defineJobs({ '': task(add) })).toThrow(/`name`/)
    expect(() => defineJobs({ ['x'.repeat(256)]: add })).toThrow(/`name`/)
    expect(definitionOf(defineJobs({ sum: task(add, { required: true }) })['sum']!)).toMatchObject({ name: 'sum', settings: { required: true } })
  })
})

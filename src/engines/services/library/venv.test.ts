import { expect, test } from 'vitest'
import { Venv } from './venv.ts'

test('an environment by name, or with a conda of its own', () => {
  expect({ ...new Venv('ml-env') }).toEqual({ kind: 'venv', envName: 'ml-env' })
  expect({ ...new Venv({ envName: 'ml-env', customPath: '/opt/conda' }) }).toEqual({ ...new Venv('ml-env', '/opt/conda') })
  expect(() => new Venv('')).toThrow('Venv: envName: expected the name of a conda environment')
  expect(() => new Venv('-n x')).toThrow('Venv: envName')
})

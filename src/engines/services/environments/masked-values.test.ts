import { expect, test } from 'vitest'
import { mask } from '../define/secret-env.ts'
import { withMasks, withoutMasks } from './masked-values.ts'

const kept = { kind: 'docker', image: 'https://ada:planted@registry.example/py', env: { API_TOKEN: 'planted', PORT: '80' }, build: [{ args: { DB_PASSWORD: 'planted' } }] }

test('what looks like a secret is masked, wherever it is', () => {
  const shown = withMasks(kept)
  expect(JSON.stringify(shown)).not.toContain('planted')
  expect(shown).toMatchObject({ kind: 'docker', env: { API_TOKEN: mask, PORT: '80' } })
})

test('what was shown and comes back is what is kept', () => {
  expect(withoutMasks(withMasks(kept), kept)).toEqual({ environment: kept, problems: [] })
  const changed = { ...withMasks(kept), env: { API_TOKEN: mask, PORT: '81', OTHER_TOKEN: 'new' } }
  expect(withoutMasks(changed, kept)).toEqual({ environment: { ...kept, env: { API_TOKEN: 'planted', PORT: '81', OTHER_TOKEN: 'new' } }, problems: [] })
})

test('a mask that stands for nothing is a problem of its field', () => {
  const given = { env: { OTHER_TOKEN: mask, constructor: mask }, list: [mask] }
  expect(withoutMasks(given, kept).problems.map(({ path }) => path)).toEqual(['env.OTHER_TOKEN', 'env.constructor', 'list[0]'])
  expect(withoutMasks({ env: { API_TOKEN: mask } }, undefined).problems).toHaveLength(1)
})

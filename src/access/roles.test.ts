import { expect, test } from 'vitest'
import { permissions } from '../kernel/permissions.ts'
import { type Role, anonymous, may, roles } from './roles.ts'

const as = (role: Role) => ({ name: 'x', role, tenant: null })

test('each role carries what the one before it carries', () => {
  expect(roles.operator).toEqual(expect.arrayContaining([...roles.viewer]))
  expect(roles.admin).toEqual(expect.arrayContaining([...roles.operator]))
})

test('an admin carries every permission, a viewer changes nothing', () => {
  expect(permissions.filter((permission) => !may(as('admin'), permission))).toEqual([])
  expect(permissions.filter((permission) => permission.endsWith(':write') && may(as('viewer'), permission))).toEqual([])
})

test('somebody without credentials may use what is public and nothing else', () => {
  expect(may(anonymous, 'public')).toBe(true)
  expect(permissions.filter((permission) => may(anonymous, permission))).toEqual([])
})

import { expect, test } from 'vitest'
import { runnerFor, unprivilegedAccount } from './place.ts'

test('everybody but root runs PostgreSQL as themselves', () => {
  expect(runnerFor(1000, { uid: 1000, gid: 1000 })).toEqual({ as: 'self' })
})

test('root runs it in a namespace on data of its own, and as the owner on data of others', () => {
  expect(runnerFor(0, { uid: 0, gid: 0 })).toEqual({ as: 'namespace' })
  expect(runnerFor(0, { uid: 1000, gid: 1001 })).toEqual({ as: 'account', uid: 1000, gid: 1001 })
})

test('the unprivileged account is postgres, else nobody', () => {
  const nobody = 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n'
  expect(unprivilegedAccount(nobody)).toEqual({ uid: 65534, gid: 65533 })
  expect(unprivilegedAccount(`${nobody}postgres:x:101:104::/var/lib/postgresql:/bin/bash\n`)).toEqual({ uid: 101, gid: 104 })
})

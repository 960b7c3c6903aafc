import { expect, test } from 'vitest'
import { asRunner, boundToParent, initdbArguments, postmasterArguments, programEnvironment } from './launch.ts'

test('the wish to end with the parent is made after the last change of credentials', () => {
  const command = asRunner({ as: 'account', uid: 101, gid: 104 }, boundToParent('INT', 7, ['postgres']))
  expect(command.indexOf('--pdeathsig')).toBeGreaterThan(command.indexOf('--reuid=101'))
  expect(command.slice(-2)).toEqual(['7', 'postgres'])
})

test('root is called 65534 in the namespace', () => {
  expect(asRunner({ as: 'namespace' }, ['postgres'])).toEqual(['unshare', '--user', '--map-user=65534', '--map-group=65534', 'postgres'])
})

test('the builtin collation is used from 17 on, and that of libc before', () => {
  const of = (major: number) => initdbArguments({ major, directory: '/d', passwordFile: '/p' })
  expect(of(17)).toContain('--locale-provider=builtin')
  expect(of(16)).toContain('--locale-provider=libc')
  expect(of(16)).toContain('--locale=C.UTF-8')
})

test('nothing listens on the network', () => {
  expect(postmasterArguments({ directory: '/d', socketDirectory: '/s' })).toContain('listen_addresses=')
})

test('a comma or a quote in the path of the socket does not part the list', () => {
  expect(postmasterArguments({ directory: '/d', socketDirectory: '/a, "b"' })).toContain('unix_socket_directories="/a, ""b"""')
})

test('PG* variables of the caller do not reach the server', () => {
  expect(Object.keys(programEnvironment('/lib'))).toEqual(['PATH', 'LC_ALL', 'LD_LIBRARY_PATH'])
})

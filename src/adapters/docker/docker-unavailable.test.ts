import { expect, test } from 'vitest'
import { dockerUnavailable, isUnavailable } from './docker-unavailable.ts'

const said = {
  '20.10': 'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/info": dial unix /var/run/docker.sock: connect: permission denied',
  '28': 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  '29': 'failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory',
  'tls': 'error during connect: Get "https://10.0.0.1:2376/v1.24/info": dial tcp: lookup build.example.com: no such host',
}

test.for([
  ['20.10', 'may not open the socket', 'usermod -aG docker'], ['28', 'no daemon is there', 'systemctl start docker'], ['29', 'no daemon is there', 'systemctl start docker'], ['tls', 'no such host', 'docker'],
] as const)('in the words of %s: %s', ([version, found, hint]) => {
  expect(isUnavailable(['', said[version]])).toBe(true)
  expect(dockerUnavailable({ environment: {}, said: [said[version]] })).toMatchObject({ code: 'docker.unavailable', message: expect.stringContaining(found), hint: expect.stringContaining(hint) })
})

test('an address that was named is said, with the variable that names it', () => {
  expect(dockerUnavailable({ environment: { DOCKER_HOST: 'tcp://far:2375' }, said: [said['28']] })).toMatchObject({ message: expect.stringContaining('at tcp://far:2375'), hint: expect.stringContaining('DOCKER_HOST') })
})

test('what a container says is no such word', () => {
  expect(isUnavailable(['Error: No such image: a', 'connection refused'])).toBe(false)
})

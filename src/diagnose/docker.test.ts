import { expect, test } from 'vitest'
import { checkDocker, judgeDocker } from './docker.ts'

const info = { ServerVersion: '26.1.5', CgroupVersion: '2', CgroupDriver: 'systemd', SecurityOptions: ['name=seccomp,profile=builtin'], Warnings: null }
const told = (findings: ReturnType<typeof judgeDocker>) => findings.map(({ check, status }) => [check, status])

test('a daemon of the machine is root for whoever may use it', () => {
  expect(told(judgeDocker(info, 0))).toEqual([['docker', 'ok'], ['docker access', 'ok']])
  expect(told(judgeDocker(info, 1000))).toEqual([['docker', 'ok'], ['docker access', 'warn']])
  expect(told(judgeDocker({ ...info, SecurityOptions: ['name=rootless', 'name=cgroupns'] }, 1000))).toEqual([['docker', 'ok']])
})

test('groups beside those of systemd, and limits that the kernel leaves out, are told', () => {
  expect(told(judgeDocker({ ...info, CgroupDriver: 'cgroupfs' }, 0))).toContainEqual(['docker groups', 'warn'])
  expect(judgeDocker({ ...info, Warnings: ['WARNING: No swap limit support', 'WARNING: bridge-nf-call-iptables is disabled'] }, 0)).toContainEqual(expect.objectContaining({ check: 'docker limits', found: 'No swap limit support' }))
})

test('without Docker nothing is wrong unless a service needs it', async () => {
  const environment = { PATH: '/nowhere' }
  expect(await checkDocker(false, 0, environment)).toMatchObject([{ status: 'skipped', mend: expect.stringContaining('apt-get install') }])
  expect(await checkDocker(true, 0, environment)).toMatchObject([{ status: 'fail' }])
})

/** A host on which every program is in /usr/bin, so that compiled text is the same on all machines. */
import type { CompileHost } from '../../src/adapters/systemd/compile/compile-host.ts'
import type { ServiceScope } from '../../src/engines/services/service-definition.ts'

export function compileHost(scope: ServiceScope = 'user', differences: Partial<CompileHost> = {}): CompileHost {
  return {
    scope,
    privileged: scope === 'system',
    findProgram: (name) => (name.startsWith('/') ? name : name.includes('/') ? undefined : `/usr/bin/${name}`),
    venvRunner: () => ({ program: '/opt/conda/bin/conda', liveOutput: ['--no-capture-output'] }),
    docker: { program: '/usr/bin/docker', environment: {}, cgroupDriver: 'systemd' },
    runExport: ['/usr/bin/node', '/usr/lib/taskflows/main.js', 'run'],
    systemctl: '/usr/bin/systemctl',
    peakLogger: undefined,
    secretEnvPath: (service) => `/home/ann/.taskflows/services/${scope}/${service}.env`,
    environment: {},
    ...differences,
  }
}

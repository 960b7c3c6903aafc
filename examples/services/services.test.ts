import { expect, test } from 'vitest'
import { loadDefinitions } from '../../src/engines/services/files/load-definitions.ts'

test('the example in YAML says what the one in TypeScript says', async () => {
  const found = new Map<string, object>()
  for (const file of ['services.ts', 'services.yaml']) {
    const { definitions } = await loadDefinitions(file, { cwd: import.meta.dirname })
    // Both modules export the task; code is taken to mean the one that was loaded.
    found.set(file, definitions.map(({ source: _source, startCommand, ...rest }) => ({ ...rest, startCommand: startCommand.kind === 'function' ? startCommand.export : startCommand.kind === 'program' ? startCommand.argv : [] })))
  }
  expect(found.get('services.yaml')).toEqual(found.get('services.ts'))
  expect(found.get('services.ts')).toMatchObject([{ name: 'example-site' }, { name: 'example-report', startCommand: 'nightlyReport' }, { name: 'example-tidy' }])
})

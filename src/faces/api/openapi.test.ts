import { expect, test } from 'vitest'
import { contract } from '../../contract/index.ts'
import { type Operation, pathFields } from '../../contract/operation.ts'
import { isStream, routesOfContract } from './contract-routes.ts'
import { openApiDocument } from './openapi.ts'

interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: { readonly properties: object } } } }
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}

const document = openApiDocument(contract, '1.0.0')
const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Described>>>>
const routes = routesOfContract(contract).filter((route) => !isStream(route)).map(({ path, operation }) => ({ name: `${operation.method} ${path}`, path, operation, described: paths[path]![operation.method.toLowerCase()]! }))

test.each(routes)('$name has every field of its input, each in one place', ({ path, operation, described }) => {
  expect(fieldsOf(described).toSorted()).toEqual(Object.keys(operation.input.shape).toSorted())
  expect(described.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? []).toEqual(pathFields(path))
})

function fieldsOf({ parameters = [], requestBody }: Described): string[] {
  return [...parameters.filter((parameter) => parameter.in !== 'header').map(({ name }) => name), ...Object.keys(requestBody?.content['application/json'].schema.properties ?? {})]
}

test.each(routes)('$name has every error that its operation names', ({ operation, described }) => {
  const told = Object.values(described.responses).map(({ description }) => description).join()
  expect((operation as Operation).errors.filter((code) => !told.includes(`\`${code}\``))).toEqual([])
})

test('every reference leads to a component', () => {
  const text = JSON.stringify(document)
  const components = Object.keys((document['components'] as { schemas: object }).schemas)
  expect([...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, target]) => target!).filter((target) => !components.includes(target.replace('#/components/schemas/', '')))).toEqual([])
})

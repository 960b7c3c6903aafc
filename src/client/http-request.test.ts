import { expect, test } from 'vitest'
import { httpRequest } from './http-request.ts'

test('fields of the path go there, escaped, the others into the body', () => {
  expect(httpRequest({ method: 'POST', path: '/jobs/{id}/cancel' }, { id: 'a/b ä', reason: 'late' })).toEqual({ method: 'POST', path: '/api/v1/jobs/a%2Fb%20%C3%A4/cancel', body: '{"reason":"late"}' })
})

test('without a body the other fields go into the query, those left undefined nowhere', () => {
  expect(httpRequest({ method: 'GET', path: '/jobs' }, { name: 'a&b', limit: 5, cursor: undefined })).toEqual({ method: 'GET', path: '/api/v1/jobs?name=a%26b&limit=5', body: undefined })
})

test('a missing path field is named before anything is sent', () => {
  expect(() => httpRequest({ method: 'GET', path: '/jobs/{id}' }, {})).toThrow(/id: is required/)
})

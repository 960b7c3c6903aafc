/** Mail through a real SMTP server, with TLS; what arrived is parsed. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { callbackify, inspect } from 'node:util'
import PostalMime, { type Email as ParsedMail } from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Email, type EmailOptions } from '../../src/alerts.ts'
import { Table, Text } from '../../src/kernel/alerts/components.ts'
import type { AlertMessage } from '../../src/kernel/alerts/message.ts'
import { alertTools, failureOf, sendOnce } from '../testbed/alert-tools.ts'

const password = 'correct-horse-secret'
const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `Zeile ${id} ü` }))
const message: AlertMessage = { subject: 'Fertig: ü 🎉', severity: 'success', content: [new Text('Only <b>1 %</b> left')] }

let certificate: { readonly key: string; readonly cert: string }
const ends: (() => Promise<unknown>)[] = []

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'taskflows-smtp-'))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { cwd: folder, stdio: 'ignore' })
  certificate = { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: readFileSync(join(folder, 'cert.pem'), 'utf8') }
  rmSync(folder, { recursive: true })
})
const authorities = getCACertificates('default')
afterAll(() => setDefaultCACertificates(authorities))
afterEach(async () => {
  setDefaultCACertificates(authorities)
  for (const end of ends.splice(0)) await end()
})

interface Arrived {
  readonly mail: ParsedMail
  readonly raw: string
  readonly to: readonly string[]
  readonly secure: boolean
}

async function startSmtp(options: SMTPServerOptions, trusted = true) {
  const arrived: Arrived[] = []
  const logins: string[] = []
  const server = new SMTPServer({
    ...certificate, authOptional: true, logger: false,
    onAuth: ({ username = '', password: given = '' }, _session, done) => {
      logins.push(`${username} ${given === password}`)
      if (given === password) done(null, { user: username })
      else done(Object.assign(new Error(`Username and Password not accepted: ${given}`), { responseCode: 535 }))
    },
    onData: callbackify(async (stream: SMTPServerDataStream, session: SMTPServerSession) => {
      const bytes = await buffer(stream)
      arrived.push({ raw: bytes.toString(), mail: await PostalMime.parse(bytes), to: session.envelope.rcptTo.map(({ address }) => address), secure: session.secure })
    }),
    ...options,
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  ends.push(() => new Promise<void>((resolve) => { server.close(() => resolve()) }))
  if (trusted) setDefaultCACertificates([...authorities, certificate.cert])
  return { arrived, logins, port: (server.server.address() as AddressInfo).port }
}

const email = (smtpPort: number, more: Partial<EmailOptions> = {}) =>
  new Email({ addr: 'from@example.com', password, receiverAddr: ['one@example.com', 'two@example.com'], smtpServer: 'localhost', smtpPort, ...more })

test.each(['implicit', 'starttls'] as const)('with %s TLS a mail arrives with a text and an HTML part', async (tls) => {
  const { arrived, logins, port } = await startSmtp({ secure: tls === 'implicit' })
  await sendOnce(email(port, { tls }), message)
  const [{ mail, to, secure, raw }] = arrived as [Arrived]
  expect({ to, secure, logins }).toEqual({ to: ['one@example.com', 'two@example.com'], secure: true, logins: ['from@example.com true'] })
  expect(mail).toMatchObject({ subject: 'Fertig: ü 🎉', from: { address: 'from@example.com' }, to: [{ address: 'one@example.com' }, { address: 'two@example.com' }] })
  expect(mail.html).toContain('Only &lt;b&gt;1 %&lt;/b&gt; left')
  expect(mail.text).toContain('Only <b>1 %</b> left')
  expect(mail.messageId).toMatch(/^<[^@>]+@example\.com>$/)
  expect(Math.abs(Date.parse(mail.date!) - Date.now())).toBeLessThan(60_000)
  expect(mail.headers).toContainEqual(expect.objectContaining({ key: 'auto-submitted', value: 'auto-generated' }))
  expect(raw).not.toContain(password)
})

test('a long table and files of the message are attached', async () => {
  const { arrived, port } = await startSmtp({ secure: true })
  await sendOnce(email(port, { tls: 'implicit' }), { ...message, content: [new Table(rows)], attachments: [{ filename: 'bericht ü.txt', contentType: 'text/plain', content: 'äöü' }] })
  const files = arrived[0]!.mail.attachments.map(({ filename, content }) => ({ filename, text: Buffer.from(content as ArrayBuffer).toString() }))
  expect(files).toContainEqual({ filename: expect.stringMatching(/\.csv$/), text: expect.stringContaining('39,Zeile 39 ü\r\n') })
  expect(files).toContainEqual({ filename: expect.stringMatching(/^bericht.*\.txt$/), text: expect.stringContaining('äöü') })
})

test('nothing of a subject becomes a header', async () => {
  const { arrived, port } = await startSmtp({ secure: true })
  await sendOnce(email(port, { tls: 'implicit' }), { ...message, subject: 'Hi\r\nBcc: victim@example.com\r\n\r\nbody\u2028X: y' })
  const { mail, to } = arrived[0]!
  expect(mail.subject).toBe('Hi Bcc: victim@example.com body X: y')
  expect(to).toEqual(['one@example.com', 'two@example.com'])
  expect(mail.headers.map(({ key }) => key)).not.toContain('bcc')
})

test('a mail server of this machine may do without TLS and password', async () => {
  const { arrived, port } = await startSmtp({ disabledCommands: ['STARTTLS', 'AUTH'] })
  await sendOnce(new Email({ addr: 'from@example.com', receiverAddr: 'one@example.com', smtpServer: '127.0.0.1', smtpPort: port }), message)
  expect(arrived[0]).toMatchObject({ secure: false, to: ['one@example.com'] })
})

test('without STARTTLS on offer nothing is said', async () => {
  const { logins, arrived, port } = await startSmtp({ disabledCommands: ['STARTTLS'] })
  const failure = await failureOf(email(port, { tls: 'starttls' }), message)
  expect(failure).toMatchObject({ retryable: false, text: expect.stringContaining("offers no TLS that can be used (tls: 'starttls')") })
  expect({ logins, arrived }).toEqual({ logins: [], arrived: [] })
})

test.each(['implicit', 'starttls'] as const)('a certificate that nobody vouches for is refused for good, with %s TLS', async (tls) => {
  const { logins, port } = await startSmtp({ secure: tls === 'implicit' }, false)
  expect(await failureOf(email(port, { tls }), message)).toMatchObject({ name: 'AlertNotSent', retryable: false, text: expect.stringMatching(/self.signed/i) })
  expect(logins).toEqual([])
})

test('a wrong password is named as that, for good, and not quoted even when the server does', async () => {
  const { port } = await startSmtp({ secure: true })
  const destination = email(port, { tls: 'implicit', password: 'wrong-secret-word' })
  const failure = await failureOf(destination, message)
  expect(failure).toMatchObject({ retryable: false, text: expect.stringMatching(/^email to one@example\.com and 1 more: localhost does not accept the password of from@example\.com \(.*not accepted: \*\*\*\)$/) })
  expect([inspect(failure), inspect(destination, { showHidden: true, depth: 9 }), JSON.stringify(destination), destination.name, destination.address].join()).not.toContain('wrong-secret')
})

test('a refused receiver is named; the others are not written to twice', async () => {
  const onRcptTo: SMTPServerOptions['onRcptTo'] = ({ address }, _session, done) => done(address.startsWith('two') ? Object.assign(new Error('No such user'), { responseCode: 550 }) : null)
  const { arrived, port } = await startSmtp({ secure: true, onRcptTo })
  expect(await failureOf(email(port, { tls: 'implicit' }), message)).toMatchObject({ retryable: false, text: 'email to one@example.com and 1 more: the server refused two@example.com; the others got the message' })
  expect(arrived.length).toBe(1)
  expect(await failureOf(email(port, { tls: 'implicit', receiverAddr: 'two@example.com' }), message)).toMatchObject({ retryable: false, text: expect.stringMatching(/localhost refused two@example\.com \(550 No such user\)/) })
})

test('a server that is busy is asked again later', async () => {
  const onMailFrom: SMTPServerOptions['onMailFrom'] = (_address, _session, done) => done(Object.assign(new Error('Try later'), { responseCode: 451 }))
  const { port } = await startSmtp({ secure: true, onMailFrom })
  expect(await failureOf(email(port, { tls: 'implicit' }), message)).toMatchObject({ retryable: true, text: expect.stringContaining('451 Try later') })
})

test('a host that is not there is named, and tried again', async () => {
  expect(await failureOf(email(1, { tls: 'implicit' }), message)).toMatchObject({ retryable: true, text: expect.stringMatching(/^email to .*: localhost:1: no answer \(.*ECONNREFUSED/) })
  expect(await failureOf(email(465, { smtpServer: 'nowhere.invalid' }), message)).toMatchObject({ retryable: true, text: expect.stringMatching(/nowhere\.invalid:465: no answer/) })
})

test('a server that says nothing is left at the signal', async () => {
  const silent: Server = createServer((socket) => void socket.resume().on('error', () => {}))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  ends.push(() => new Promise((resolve) => silent.close(resolve)))
  const channel = await email((silent.address() as AddressInfo).port, { tls: 'implicit' }).open(alertTools())
  await expect(channel.send(message, AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'AlertNotSent', retryable: true })
})

test('what is not given comes from the settings, and what is nowhere is named', async () => {
  const { arrived, port } = await startSmtp({ secure: true })
  const destination = new Email({ receiverAddr: 'one@example.com', tls: 'implicit' })
  await sendOnce(destination, message, alertTools({ emailAddr: 'set@example.com', emailPassword: password, smtpServer: 'localhost', smtpPort: port }))
  expect(arrived[0]!.mail.from).toMatchObject({ address: 'set@example.com' })
  expect((await failureOf(destination, message))?.text).toBe('email to one@example.com: there is no `addr`: give it, or set TASKFLOWS_EMAIL_ADDR')
  expect((await failureOf(destination, message, alertTools({ emailAddr: 'a@b' })))?.text).toBe('email to one@example.com: there is no `password`: give it, or set TASKFLOWS_EMAIL_PASSWORD')
})

test.each([
  [{ receiverAddr: undefined }, /`receiverAddr` of Email to be an address/], [{ receiverAddr: [] }, /`receiverAddr`.*got none/], [{ receiverAddr: ['a@b', 'not an address'] }, /`receiverAddr`.*"not an address"/],
  [{ receiverAddr: 'a@b\r\nBcc: c@d' }, /`receiverAddr`/], [{ receiverAddr: 'a@b, c@d' }, /`receiverAddr`/], [{ addr: 'nobody' }, /`addr`.*"nobody"/], [{ smtpPort: 0 }, /`smtpPort`.*got 0/], [{ smtpPort: '465' }, /`smtpPort`.*"465"/],
  [{ smtpServer: 'a b' }, /`smtpServer`/], [{ password: '' }, /`password` of Email/], [{ tls: 'none' }, /`tls`.*must not be readable/], [{ tls: 'ssl' }, /`tls`.*"ssl"/], [{ pasword: 'x' }, /got `pasword`; did you mean `password`/],
])('new Email with %j is refused, naming the option', (options, expected) => {
  const given = { addr: 'a@example.com', receiverAddr: 'b@example.com', ...options } as unknown as EmailOptions
  expect(() => new Email(given)).toThrow(expected)
})

/**
 * A registry of images on a port of this machine, as far as `docker pull` needs one. What it has is taken from an engine, so
 * no network is needed. https://distribution.github.io/distribution/spec/api/
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { DockerEngine } from './docker-engine.ts'

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`: what references to its images begin with. */
  readonly address: string
  /** Offers an image of the engine. @returns the reference to pull it by */
  offer(image: string, as: string, engine: DockerEngine): Promise<string>
}

export async function startRegistry(): Promise<Registry> {
  const blobs = new Map<string, Buffer>()
  const tags = new Map<string, string>()
  const keep = (content: Buffer): { digest: string; size: number } => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    blobs.set(digest, content)
    return { digest, size: content.length }
  }
  const server = createServer((request, response) => {
    const [, name, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? []
    if (name === undefined) return void response.end('{}')
    const digest = kind === 'manifests' ? tags.get(`${name}:${reference}`) ?? reference! : reference!
    const content = blobs.get(digest)
    if (!content) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
    response.writeHead(200, { 'content-type': kind === 'manifests' ? manifestType : 'application/octet-stream', 'docker-content-digest': digest, 'content-length': content.length })
    response.end(request.method === 'HEAD' ? undefined : content)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    address,
    async offer(image, as, engine) {
      const directory = mkdtempSync(join(tmpdir(), 'tf-registry-'))
      try {
        await engine.docker('save', '--output', join(directory, 'image.tar'), image)
        await promisify(execFile)('tar', ['-C', directory, '-xf', join(directory, 'image.tar')])
        const [saved] = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as [{ Config: string; Layers: string[] }]
        const manifest = {
          schemaVersion: 2, mediaType: manifestType,
          config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...keep(readFileSync(join(directory, saved.Config))) },
          layers: saved.Layers.map((layer) => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...keep(gzipSync(readFileSync(join(directory, layer)), { level: 1 })) })),
        }
        tags.set(as.includes(':') ? as : `${as}:latest`, keep(Buffer.from(JSON.stringify(manifest))).digest)
        return `${address}/${as}`
      } finally {
        rmSync(directory, { recursive: true })
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

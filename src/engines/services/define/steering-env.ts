/** Variables that Docker's client goes by itself: what a container or a build is to get under these names must not lead the client elsewhere. */

const steering = /^(?:PATH|HOME|TMPDIR|GLIBC_TUNABLES|SHELLOPTS|BASHOPTS|PS4|(?:DOCKER|BUILDKIT|BUILDX|COMPOSE|LD|SSH|SSL|XDG|OTEL|BASH)_\w*|GO[A-Z]+|(?:https?|all|no|ftp)_proxy)$/i

export function steersDocker(name: string): boolean {
  return steering.test(name)
}

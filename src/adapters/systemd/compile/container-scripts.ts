/**
 * What needs more than one call of Docker: lines of sh(1) that hold no text of anybody, only arguments. `$0` is the client.
 */

/** A daemon that is started anew takes a few seconds, and restarts of the service that cannot work count. For `until ...; do WAIT; done`. */
const wait = '[ $((left-=1)) -gt 0 ] || exit; sleep 1'

/**
 * Does something (`$@`) to what is there of ours, if anything is; what went away meanwhile has ended too.
 * Arguments: `--all` or nothing, the owner, then a command of Docker that takes containers.
 */
export const endOurs = [
  'all=$1 owner=$2; shift 2',
  'ours() { "$0" ps --quiet $all --filter "label=taskflows.owner=$owner"; }',
  // A stop waits for nobody.
  '[ -n "$all" ] && left=5 || left=1',
  `until found=$(ours); do ${wait}; done`,
  '[ -z "$found" ] || "$0" "$@" $found >/dev/null || { found=$(ours) && [ -z "$found" ]; }',
].join('; ')

/**
 * Makes the container unless it is as it would be made now: by the same arguments, variables, files of variables and image, if that counts.
 * Arguments: the owner, names of variables, two files (/dev/null for none), the image if it is built here or newer ones are asked for, then those of `docker create`.
 */
export const ensureMade = [
  'owner=$1',
  `left=5; until made=$("$0" ps --all --filter "label=taskflows.owner=$owner" --format "{{.Label \\"taskflows.hash\\"}}"); do ${wait}; done`,
  'sum=$({ printenv $2; cat "$3" "$4"; [ -z "$5" ] || "$0" image inspect --format "{{.Id}}" "$5"; printf "%s\\n" "$@"; } | sha256sum)',
  'hash=${sum%% *}',
  '[ "$made" != "$hash" ] || exit 0',
  'old=$("$0" ps --all --quiet --filter "label=taskflows.owner=$owner") || exit',
  '[ -z "$old" ] || "$0" rm --force --volumes $old >/dev/null || exit',
  'shift 5',
  'exec "$0" create "--label=taskflows.hash=$hash" "$@" >/dev/null',
].join('; ')

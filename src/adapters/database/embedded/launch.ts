/**
 * How PostgreSQL's programs are called: arguments and environment, nothing is
 * started here.
 *
 * PostgreSQL refuses uid 0. As root it runs in a user namespace where root is
 * called 65534 (user_namespaces(7)): it may still use root's files, with none of
 * root's powers. Where that does not do, it runs under an account.
 */

/** Under whose name PostgreSQL runs. */
export type Runner =
  | { readonly as: 'self' }
  | { readonly as: 'namespace' }
  | { readonly as: 'account'; readonly uid: number; readonly gid: number }

export type Command = readonly [program: string, ...arguments: string[]]

export function asRunner(runner: Runner, command: Command): Command {
  switch (runner.as) {
    case 'self':
      return command
    case 'namespace':
      return ['unshare', '--user', '--map-user=65534', '--map-group=65534', ...command]
    case 'account':
      return ['setpriv', `--reuid=${runner.uid}`, `--regid=${runner.gid}`, '--clear-groups', ...command]
    default:
      return runner satisfies never
  }
}

/**
 * The command, ended by a signal when its parent dies (PR_SET_PDEATHSIG, prctl(2)).
 *
 * A change of credentials forgets that wish, so this goes inside {@link asRunner}. A parent that died
 * before the wish was made sends nothing: the shell looks whether it is still there. The parent is the *thread*
 * that starts the command, which in Node is the one that calls `spawn`.
 */
export function boundToParent(signal: 'INT' | 'KILL', parentPid: number, command: Command): Command {
  return ['setpriv', '--pdeathsig', signal, 'sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(parentPid), ...command]
}

/**
 * The environment, all of it: the PG* variables of the caller must not reach the server.
 * @param libraries where the loader searches first, as in LD_LIBRARY_PATH; null for nothing special.
 */
export function programEnvironment(libraries: string | null): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
    LC_ALL: 'C',
    ...(libraries !== null && { LD_LIBRARY_PATH: libraries }),
  }
}

/** The role and the database of taskflows. */
export const names = { user: 'taskflows', database: 'taskflows' } as const

/** Names the socket file only: nothing listens on the network. */
export const port = 5432

/** Creates a data directory. Bytewise collation by code point everywhere, so that a dump sorts the same elsewhere. */
export function initdbArguments({ major, directory, passwordFile }: { major: number; directory: string; passwordFile: string }): string[] {
  // The builtin provider (17 and newer) depends on no library of the system; `C` keeps libc out of the rest.
  const locale = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale-provider=libc', '--locale=C.UTF-8']
  return [
    `--pgdata=${directory}`, `--username=${names.user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256',
    '--encoding=UTF8', ...locale, '--data-checksums', '--no-instructions',
  ]
}

/** The only way in: the socket, with the password. */
export const hostBasedAuthentication = 'local all all scram-sha-256\n'

/** One process without a socket, for `create database` before the first start. Statements come on stdin. */
export function singleUserArguments(directory: string): string[] {
  return ['--single', '-D', directory, '-c', 'exit_on_error=on', '-c', 'log_checkpoints=off', 'postgres']
}

/** Our settings beat the configuration files, which keep PostgreSQL's defaults and what else their owner wrote there. */
export function postmasterArguments({ directory, socketDirectory }: { directory: string; socketDirectory: string }): string[] {
  const settings = {
    listen_addresses: '',
    port,
    // The value is a list: a comma or a blank in the path must not part it.
    unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    max_connections: 200,
    // Queue tables turn over in seconds; a minute between visits lets dead rows pile up.
    autovacuum_naptime: '10s',
    // After a kill of everything a long query would go on for nobody.
    client_connection_check_interval: '2s',
    logging_collector: 'off',
    log_destination: 'stderr',
    timezone: 'UTC',
    log_timezone: 'UTC',
  }
  return ['-D', directory, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

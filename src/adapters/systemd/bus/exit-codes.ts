/** Exit codes by which systemd says that it could not even start a program: systemd.exec(5), PROCESS EXIT CODES. */

const codes: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  200: ['CHDIR', 'its working directory cannot be entered'],
  201: ['NICE', 'its nice level cannot be set'],
  202: ['FDS', 'file descriptors cannot be closed or set'],
  203: ['EXEC', 'its program cannot be executed: it is not there, or not executable'],
  204: ['MEMORY', 'there was not enough memory to start it'],
  205: ['LIMITS', 'its limits cannot be set'],
  206: ['OOM_ADJUST', 'its OOM score cannot be set'],
  207: ['SIGNAL_MASK', 'its signal mask cannot be set'],
  208: ['STDIN', 'its standard input cannot be opened'],
  209: ['STDOUT', 'its standard output cannot be opened'],
  210: ['CHROOT', 'its root directory cannot be changed to'],
  211: ['IOPRIO', 'its I/O priority cannot be set'],
  212: ['TIMERSLACK', 'its timer slack cannot be set'],
  213: ['SECUREBITS', 'its secure bits cannot be set'],
  214: ['SETSCHEDULER', 'its scheduling cannot be set'],
  215: ['CPUAFFINITY', 'its CPU affinity cannot be set'],
  216: ['GROUP', 'its group does not exist, or cannot be taken'],
  217: ['USER', 'its user does not exist, or cannot be taken'],
  218: ['CAPABILITIES', 'its capabilities cannot be set'],
  219: ['CGROUP', 'its control group cannot be made'],
  220: ['SETSID', 'it cannot have a session of its own'],
  221: ['CONFIRM', 'its start was not confirmed'],
  222: ['STDERR', 'its standard error cannot be opened'],
  224: ['PAM', 'its PAM session cannot be opened'],
  225: ['NETWORK', 'its network namespace cannot be made'],
  226: ['NAMESPACE', 'its view of the file system cannot be made: a path of its hardening may not exist, or namespaces are not allowed here'],
  227: ['NO_NEW_PRIVILEGES', 'privileges cannot be given up'],
  228: ['SECCOMP', 'its system call filter cannot be applied'],
  229: ['SELINUX_CONTEXT', 'its SELinux context cannot be taken'],
  230: ['PERSONALITY', 'its execution domain cannot be set'],
  231: ['APPARMOR', 'its AppArmor profile cannot be taken'],
  232: ['ADDRESS_FAMILIES', 'its address families cannot be restricted'],
  233: ['RUNTIME_DIRECTORY', 'its runtime directory cannot be made'],
  235: ['CHOWN', 'its socket cannot be given to its user'],
  236: ['SMACK_PROCESS_LABEL', 'its SMACK label cannot be set'],
  237: ['KEYRING', 'its keyring cannot be set up'],
  238: ['STATE_DIRECTORY', 'its state directory cannot be made'],
  239: ['CACHE_DIRECTORY', 'its cache directory cannot be made'],
  240: ['LOGS_DIRECTORY', 'its logs directory cannot be made'],
  241: ['CONFIGURATION_DIRECTORY', 'its configuration directory cannot be made'],
  242: ['NUMA_POLICY', 'its NUMA policy cannot be set'],
  243: ['CREDENTIALS', 'its credentials (secrets) cannot be read'],
  244: ['BPF', 'its BPF restrictions cannot be applied'],
}

/** `its program cannot be executed: ... (203/EXEC)`; a program's own code is just named. */
export function explainExit(code: number): string {
  const known = codes[code]
  return known ? `${known[1]} (${code}/${known[0]})` : `exited with ${code}`
}

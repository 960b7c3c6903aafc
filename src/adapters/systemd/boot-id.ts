/** Which boot of the machine this is: random(4), /proc/sys/kernel/random/boot_id. */
import { readFileSync } from 'node:fs'

/** 32 hexadecimal digits, as the journal has it in `_BOOT_ID`. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '')
}

/** The unit by which a service makes up for one time: an instance of the template of that service, as `run-units.ts` reads it. */

/** `slot-taskflows-report@2026-11-21T03:00:00Z.service`; of a time within a second with its milliseconds. */
export function slotUnit(service: string, slot: number): string {
  return `slot-taskflows-${service}@${new Date(slot).toISOString().replace('.000Z', 'Z')}.service`
}

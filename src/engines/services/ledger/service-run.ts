/** The runs of services, in the words that the kernel shares: its readers are the ledger of all runs, and the database that fills the port. */
export type { ServiceLedger, ServiceRun, ServiceRunKey, ServiceRunState } from '../../../kernel/service-runs.ts'

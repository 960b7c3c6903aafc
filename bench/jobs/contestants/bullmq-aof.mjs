/** BullMQ on a Redis that waits for the disk before it answers, as PostgreSQL does. */
export { prepare, producer, watch, worker } from './bullmq.mjs'

export const store = 'redis-aof'

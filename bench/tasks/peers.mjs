/** The same retries and time-out by hand: p-retry around p-timeout. JavaScript, because their types are installed only for the bench. */
import pRetry from 'p-retry'
import pTimeout from 'p-timeout'

export function wrap(fn, { retries, timeoutMs }) {
  return (argument) => pRetry(() => pTimeout(fn(argument), { milliseconds: timeoutMs }), { retries })
}

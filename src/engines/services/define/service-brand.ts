/** What services of any copy of this package carry. */
export const serviceBrand: unique symbol = Symbol.for('taskflows.service')

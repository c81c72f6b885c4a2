/** A module without a worker. */
export const answer = 42

/** Where the messages go. A file of its own: a worker of users loads nothing but what it needs. */
export const queue = "bench"

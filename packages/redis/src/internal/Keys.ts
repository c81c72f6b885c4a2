/**
 * The names that Celery gives what it keeps in Redis. A key is also the name
 * of the channel on which what it holds is published, which knows no database.
 * Source: protocol §7.2, §7.3.
 *
 * @since 0.1.0
 */
export interface Keys {
  readonly task: (taskId: string) => string
  /** The id of a task by its key or channel; undefined for anything else. */
  readonly idOf: (key: string) => string | undefined
  readonly group: (groupId: string) => string
  /** Of ours alone. */
  readonly revoked: string
  /** Of ours alone: by its name. */
  readonly mark: (name: string) => string
}

/** With what stands before every key. */
export const make = (prefix: string): Keys => {
  const task = `${prefix}celery-task-meta-`
  return {
    task: (taskId) => task + taskId,
    idOf: (key) => key.startsWith(task) ? key.slice(task.length) : undefined,
    group: (groupId) => `${prefix}celery-taskset-meta-${groupId}`,
    revoked: `${prefix}celeriac-revoked`,
    mark: (name) => `${prefix}celeriac-mark-${name}`
  }
}

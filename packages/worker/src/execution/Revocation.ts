/**
 * What is said of tasks that are not to run, and what comes of saying it: the
 * commands `revoke`, `terminate` and `revoke_by_stamped_headers`.
 *
 * @since 0.1.0
 */
export interface Options {
  /** Interrupt those that run, too. Default false. */
  readonly terminate?: boolean | undefined
  /** What Celery would kill a process with: `SIGTERM`, `KILL`, 9. A fiber is interrupted whatever it is; the event says which. */
  readonly signal?: string | number | undefined
}

/** What came of revoking ids. */
export interface Revocation {
  /** The ids, each once. */
  readonly ids: ReadonlyArray<string>
  /** With `terminate`: those of them that this worker has. One that waits is discarded when its turn comes. */
  readonly terminated: ReadonlyArray<string>
}

/** What came of revoking stamps. */
export interface StampRevocation {
  /** With `terminate`: the values that requests which run here have, by their header. */
  readonly terminated: ReadonlyMap<string, ReadonlyArray<unknown>>
}

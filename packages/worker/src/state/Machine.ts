/**
 * What a node tells of the machine and the software that it is: the part of its
 * heartbeats, and of the replies to control commands, that is no state of the
 * worker.
 *
 * @since 0.1.0
 */
import { loadavg, type } from "node:os"

/** Celery's `SOFTWARE_INFO`. */
export const software = { swIdent: "celeriac", swVer: "0.1.0", swSys: type() } as const

/** The load of the last 1, 5 and 15 minutes, rounded up to two digits, as Celery does. */
export const load = (): ReadonlyArray<number> => loadavg().map((average) => Math.ceil(average * 100) / 100)

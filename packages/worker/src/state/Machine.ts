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

/** Of the operating system. */
export { release } from "node:os"

/** What the system has counted of this process, under Celery's names. */
export const resourceUsage = (): Readonly<Record<string, number>> => {
  const usage = process.resourceUsage()
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches
  }
}

/** What the process takes in memory now, as Celery writes it: `49.6MB`. */
export const memory = (): string => {
  const bytes = process.memoryUsage.rss()
  const [divisor, unit] = units.find(([least]) => bytes >= least) ?? [1, "B"]
  return `${Number((bytes / divisor).toPrecision(5))}${unit}`
}

const units: ReadonlyArray<readonly [number, string]> = [[1024 ** 3, "GB"], [1024 ** 2, "MB"], [1024, "KB"]]

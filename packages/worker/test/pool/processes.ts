/** What tests see of processes, as Linux tells it. */
import { readFileSync } from "node:fs"

/** Looks until it is so: nobody tells. */
export const until = <A>(look: () => A, holds: (seen: A) => boolean): Promise<A> =>
  new Promise((resolve) => {
    const looking = setInterval(() => {
      const seen = look()
      if (!holds(seen)) return
      clearInterval(looking)
      resolve(seen)
    }, 20)
  })

/** Until the process runs no more, though nobody may have asked yet what became of it. */
export const gone = (pid: number): Promise<boolean> =>
  until(() => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
    } catch {
      return false
    }
  }, (runs) => !runs)

/** The processes that a process has started. */
export const offspring = (pid: number): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((id) => id !== "").map(Number)

/** Debian's Celery: this client calls its worker, and writes what its client writes. */
import * as Debian from "../../../../test/peers/Debian.ts"

Debian.alsoWith(async () => {
  await import("./pythonWorker.test.ts")
  await import("./wire.test.ts")
})

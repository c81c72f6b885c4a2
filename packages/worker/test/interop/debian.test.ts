/** Debian's Celery: its client calls this worker, and its worker comes to the same as this one. */
import * as Debian from "../../../../test/peers/Debian.ts"

Debian.alsoWith(async () => {
  await import("./pythonClient.test.ts")
  await import("./lives.test.ts")
})

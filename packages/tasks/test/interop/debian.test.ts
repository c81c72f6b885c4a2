/** Debian's Celery: this client calls its worker. */
import * as Debian from "../../../../test/peers/Debian.ts"

Debian.alsoWith(() => import("./pythonWorker.test.ts"))

/** Debian's Celery: results in Redis, both ways. */
import * as Debian from "../../../../test/peers/Debian.ts"

Debian.alsoWith(() => import("./redisInterop.test.ts"))

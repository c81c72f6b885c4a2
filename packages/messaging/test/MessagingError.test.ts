import {
  AccessRefused,
  because,
  PreconditionFailed,
  type Reason,
  VirtualHostRefused
} from "@celeriac/messaging/MessagingError"
import { assert, describe, it } from "@effect/vitest"

const uri = "amqp://guest:**@rabbit:5672//"

/** What the broker said, and how the message ends. */
const table: ReadonlyArray<readonly [Reason, string]> = [
  [
    new AccessRefused({ uri, detail: "Login was refused. For details see the broker logfile." }),
    "see the broker logfile. Check the user name, the password and the user's permissions on this virtual host"
  ],
  [
    new AccessRefused({ uri, detail: "queue name 'amq.mine' contains reserved prefix 'amq.*'" }),
    "'amq.mine' contains reserved prefix 'amq.*'. Names that begin with 'amq.' are the broker's own: take another"
  ],
  [
    new VirtualHostRefused({ uri, detail: "vhost nowhere not found" }),
    "vhost nowhere not found. Create it (rabbitmqctl add_vhost), grant permissions, or mend the path of the URL"
  ],
  [
    new PreconditionFailed({ entity: "queue 'q'", detail: "inequivalent arg 'x-max-length'." }),
    "inequivalent arg 'x-max-length'. Declare it as it is, or delete it first"
  ]
]

describe("the message of a MessagingError", () => {
  for (const [reason, end] of table) {
    it(`says what to do after what the broker said: ${reason._tag}, ${end}`, () => {
      const { message } = because("connect", reason)
      assert.isTrue(message.startsWith("connect: "), message)
      assert.isTrue(message.endsWith(end), message)
    })
  }
})

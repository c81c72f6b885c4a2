/** RabbitMQ through this transport does what every transport must do. */
import { suite } from "@celeriac/messaging/testing/TransportConformance"
import { inject } from "vitest"
import * as AmqpTransport from "../../src/AmqpTransport.ts"

suite("amqp", {
  layer: AmqpTransport.layer({ url: inject("amqpUrl") }),
  // per-consumer prefetch counts what is outstanding in generations: see AmqpSubscription
  exactPrefetch: false
})

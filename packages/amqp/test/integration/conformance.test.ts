/** RabbitMQ through this transport does what every transport must do. */
import { suite } from "@celeriac/messaging/testing/TransportConformance"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as AmqpTransport from "../../src/AmqpTransport.ts"

suite("amqp", {
  layer: AmqpTransport.layer({ url: brokerUrl() }),
  // per-consumer prefetch counts what is outstanding in generations: see AmqpSubscription
  exactPrefetch: false
})

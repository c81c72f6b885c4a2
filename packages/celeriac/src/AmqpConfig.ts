/** Where a RabbitMQ is and how to talk to it: URLs, TLS, heartbeat, failover. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/amqp/AmqpConfig"

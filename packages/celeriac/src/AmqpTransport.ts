/** The transport to RabbitMQ. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/amqp/AmqpTransport"

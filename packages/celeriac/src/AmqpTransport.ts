/** The transport to RabbitMQ. */
export * from "@celeriac/amqp/AmqpTransport"

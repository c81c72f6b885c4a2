/** Plugins for esbuild and rollup that put amqplib into a bundle. */
export * from "@celeriac/amqp/AmqpBundling"

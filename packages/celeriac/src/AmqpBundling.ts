/** Plugins for esbuild and rollup that put amqplib into a bundle. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/amqp/AmqpBundling"

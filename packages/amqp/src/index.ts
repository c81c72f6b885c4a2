/** Every module of `@celeriac/amqp`, by its name. */
export * as AmqpBundling from "./AmqpBundling.ts"
export * as AmqpConfig from "./AmqpConfig.ts"
export * as AmqpError from "./AmqpError.ts"
export * as AmqpTransport from "./AmqpTransport.ts"
export * as FieldTable from "./FieldTable.ts"

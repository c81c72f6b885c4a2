/** The place of a scheduler inside of a worker. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/Beat"

/** Keeps what must outlive the process, and facts of your steps. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/boot/StateDB"

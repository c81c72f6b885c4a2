/** The place of a scheduler inside of a worker. */
export * from "@celeriac/worker/boot/Beat"

/** What the reader of a result fails with when the task failed, in whichever language. */
export {} from "./internal/RequiredNode.ts"

export { TaskException } from "@celeriac/tasks/result/ExceptionRecord"

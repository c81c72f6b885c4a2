/** What the reader of a result fails with when the task failed, in whichever language. */
export { TaskException } from "@celeriac/tasks/result/ExceptionRecord"

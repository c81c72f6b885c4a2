/**
 * Which exceptions Python has, and which of them is the nearest to an error of
 * JavaScript's.
 *
 * @since 0.1.0
 */

/** The nearest that Python has of JavaScript's errors. */
export const javascript: ReadonlyMap<string, string> = new Map([
  ["Error", "Exception"],
  ["AggregateError", "Exception"],
  ["EvalError", "Exception"],
  ["RangeError", "ValueError"],
  ["ReferenceError", "NameError"],
  ["URIError", "ValueError"]
])

/** Only exceptions that Python makes from any arguments, and that no reader takes for a request to exit. */
const modules: ReadonlyMap<string, string> = new Map([
  ...[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "ConnectionError",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RecursionError",
    "RuntimeError",
    "SyntaxError",
    "TimeoutError",
    "TypeError",
    "ValueError",
    "ZeroDivisionError"
  ].map((name) => [name, "builtins"] as const),
  ...[
    "ChordError",
    "Ignore",
    "InvalidTaskError",
    "MaxRetriesExceededError",
    "NotRegistered",
    "QueueNotFound",
    "Reject",
    "Retry",
    "TaskRevokedError"
  ].map((name) => [name, "celery.exceptions"] as const),
  ...[
    "SoftTimeLimitExceeded",
    "Terminated",
    "TimeLimitExceeded",
    "WorkerLostError"
  ].map((name) => [name, "billiard.exceptions"] as const)
])

/** Where Python has an exception of that name, if it has. */
export const moduleOf = (excType: string): string | undefined => modules.get(excType)

/** The name of a machine or node; it is also a folder's name, so it is not `.` or `..`. */
export const NODE_NAME = /^(?!\.+$)[A-Za-z0-9_.-]{1,100}$/;

/** A scenario's name, which can also be the name of a variable, an Erlang atom and a file. */
export const SCENARIO_NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;

/** The levels of log lines, and `silent` for none of them. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

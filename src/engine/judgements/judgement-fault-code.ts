/** Exit code of a process that judges and writes a fault in place of an answer. */
export const judgementFaultCode = 3

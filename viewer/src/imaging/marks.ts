/** Marks on the browser's timeline, for those who measure: always on, and cheap. */

/** Sets `lientuyen:<name>` once per opening; `shown:<index>` keeps its last time only. */
export function note(name: string): void {
  const full = `lientuyen:${name}`;
  if (name.startsWith('shown:')) performance.clearMarks(full);
  performance.mark(full);
}

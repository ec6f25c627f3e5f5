/** Decoded images kept in memory: reading PCs may have 4 GB, and a tab is to stay below one. */
export const CACHE_BYTES = 416 * 1024 ** 2;

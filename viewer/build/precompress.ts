/** Writes a brotli twin beside every built file that gains from it; the node serves it to browsers that take it. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { Plugin } from 'vite';

const compress = promisify(brotliCompress);
const KINDS = /\.(js|css|wasm|svg)$/;
const SMALLEST = 1024;

async function shrink(file: string): Promise<void> {
  if ((await stat(file)).size < SMALLEST) return;
  const content = await readFile(file);
  const small = await compress(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  if (small.length < content.length) await writeFile(`${file}.br`, small);
}

export function precompress(): Plugin {
  let folder = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle(error?: Error) {
      if (error) return;
      const names = (await readdir(folder, { recursive: true })).filter((name) => KINDS.test(name));
      await Promise.all(names.map((name) => shrink(join(folder, name))));
    },
  };
}

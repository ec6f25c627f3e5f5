import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { patchCornerstone, patchWorker } from './build/patch-cornerstone.ts';
import { precompress } from './build/precompress.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const node = process.env.VITE_NODE ?? 'http://127.0.0.1:8040';

export default defineConfig({
  plugins: [patchCornerstone(), react(), precompress()],
  resolve: { alias: { xmlbuilder2: here('./src/stubs/xmlbuilder2.ts') } },
  worker: { format: 'es', plugins: () => [patchWorker()] },
  optimizeDeps: {
    exclude: ['@cornerstonejs/dicom-image-loader'],
    include: [
      'dicom-parser',
      'comlink',
      'pako',
      'uuid',
      '@cornerstonejs/codec-charls/decodewasmjs',
      '@cornerstonejs/codec-openjpeg/decodewasmjs',
      '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs',
      '@cornerstonejs/codec-openjph/wasmjs',
    ],
  },
  build: {
    outDir: here('../node/web/viewer'),
    emptyOutDir: true,
    assetsInlineLimit: 2048,
    chunkSizeWarningLimit: 6000,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': node, '/dicom-web': node } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/app/testing.ts'],
    css: false,
    testTimeout: 60_000, // also on a busy machine
    hookTimeout: 60_000,
  },
});

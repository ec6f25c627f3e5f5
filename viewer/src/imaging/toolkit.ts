/** Starts Cornerstone3D, once. Nothing else in the application sets its global state. */
import codecAddress from '@cornerstonejs/codec-openjph/wasm?url';
import {
  cache,
  Enums,
  getRenderingCapabilities,
  getWebWorkerManager,
  imageLoader,
  init as initCore,
} from '@cornerstonejs/core';
import { init as initLoader } from '@cornerstonejs/dicom-image-loader';
import * as tools from '@cornerstonejs/tools';
import { CACHE_BYTES } from './budget';
import { tellToolkit } from './drawing';
import { loadImage } from './feed';
import { SCHEME } from './stack';
import { HTJ2K } from './supply';

const TOOLS = [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool, tools.StackScrollTool];

let started: Promise<void> | undefined;

/** Brings the decoder's code into the browser's cache, so that it never waits behind frames. */
async function fetchDecoder(): Promise<void> {
  const response = await fetch(codecAddress);
  await response.arrayBuffer();
}

/** An image of 8 x 8 black pixels in HTJ2K. */
const NOTHING =
  '/0//UQApQAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAABBwEB/1AACAACAAAAAv9SAAwAAgABAAUEBEAB/1wAEyBIUFBQUFBQUFBQUFBQ' +
  'SEhI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAABkAAf+TwCQBB3QAAAAAAAD/2Q==';

/** Starts the toolkit, down to the decoder in its worker. */
export async function warmDecoder(): Promise<void> {
  await startToolkit();
  const pixelData = Uint8Array.from(atob(NOTHING), (letter) => letter.charCodeAt(0));
  const imageFrame = {
    rows: 8,
    columns: 8,
    samplesPerPixel: 1,
    bitsAllocated: 8,
    bitsStored: 8,
    pixelRepresentation: 0,
  };
  await getWebWorkerManager().executeTask('dicomImageLoader', 'decodeTask', {
    imageFrame: { ...imageFrame, photometricInterpretation: 'MONOCHROME2' },
    transferSyntax: HTJ2K,
    pixelData,
    options: { preScale: { enabled: false } },
    decodeConfig: {},
  });
}

/** A support engineer's switch for one computer, in the browser's storage: `gpu` or `cpu`. */
const RENDERER = 'lientuyen.renderer';

function chosenRenderer(): string | null {
  try {
    return localStorage.getItem(RENDERER);
  } catch {
    return null;
  }
}

/** Without a real graphics processor the toolkit's CPU renderer is both exact and faster. */
function drawsOnCpu(): boolean {
  const chosen = chosenRenderer();
  if (chosen === 'cpu' || chosen === 'gpu') return chosen === 'cpu';
  const { webgl2, softwareRasterizer } = getRenderingCapabilities();
  return !webgl2 || softwareRasterizer;
}

async function start(): Promise<void> {
  const cpu = drawsOnCpu();
  initCore({
    debug: { statsOverlay: false },
    rendering: {
      useCPURendering: cpu,
      webGlContextCount: 1, // the viewports that we use share one
      ...(cpu ? { planar: { renderBackend: Enums.RenderBackends.CPU } } : {}),
    },
  });
  initLoader({});
  tellToolkit();
  tools.init();
  for (const tool of TOOLS) tools.addTool(tool);
  cache.setMaxCacheSize(CACHE_BYTES);
  imageLoader.registerImageLoader(
    SCHEME,
    loadImage as unknown as Parameters<typeof imageLoader.registerImageLoader>[1],
  );
  await fetchDecoder();
}

/** Resolves when images can be shown. */
export function startToolkit(): Promise<void> {
  started ??= start().catch((reason: unknown) => {
    started = undefined;
    throw reason;
  });
  return started;
}

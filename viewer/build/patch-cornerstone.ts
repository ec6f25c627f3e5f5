/**
 * Build-time corrections of @cornerstonejs 5.14.0.
 *
 * The CPU renderer sizes its canvas in CSS pixels, while positions are computed in device pixels: on any scaled display (Windows at
 * 125 %) measurements are then drawn tens of pixels away from where they were made. Each correction stops the build when the text that it
 * expects is gone, so that an upgrade has to look at it.
 */
import type { Plugin } from 'vite';

interface Correction {
  readonly why: string;
  readonly file: RegExp;
  readonly from: string;
  readonly to: string;
}

/** Of what the page runs. */
const CORRECTIONS: readonly Correction[] = [
  {
    why: 'the CPU image canvas ignores devicePixelRatio',
    file: /core\/dist\/esm\/RenderingEngine\/helpers\/cpuFallback\/rendering\/resize\.js$/,
    from: 'const { clientWidth, clientHeight } = canvas;',
    to: `const ratio = window.devicePixelRatio || 1;
    const clientWidth = Math.round(canvas.clientWidth * ratio);
    const clientHeight = Math.round(canvas.clientHeight * ratio);`,
  },
  {
    why: 'the same, when the element changes its size',
    file: /core\/dist\/esm\/RenderingEngine\/BaseRenderingEngine\.js$/,
    from: `        if (canvas.width !== clientWidth || canvas.height !== clientHeight) {
            canvas.width = clientWidth;
            canvas.height = clientHeight;`,
    to: `        const ratio = window.devicePixelRatio || 1;
        const deviceWidth = Math.round(clientWidth * ratio);
        const deviceHeight = Math.round(clientHeight * ratio);
        if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
            canvas.width = deviceWidth;
            canvas.height = deviceHeight;`,
  },
  {
    // the camera turns the image and mirrors the screen, the CPU renderer mirrored the image and turned that: with both, what is drawn was
    // not where positions and the letters at the edges say (a quarter turn and a flip showed left as right)
    why: 'a picture that is turned and mirrored on the CPU is another one than the camera says',
    file: /core\/dist\/esm\/RenderingEngine\/GenericViewport\/Planar\/CpuImageSliceRenderPath\.js$/,
    from: 'viewport.rotation = presentation?.rotation ?? 0;',
    to: 'viewport.rotation = (viewport.hflip === viewport.vflip ? 1 : -1) * (presentation?.rotation ?? 0);',
  },
  {
    why: 'each step through a stack is drawn twice, the first time with the picture that is just being left',
    file: /core\/dist\/esm\/RenderingEngine\/GenericViewport\/Planar\/CpuImageSliceRenderPath\.js$/,
    from: `        renderCPUImage(rendering);
        renderCompatibilityOverlayActors(ctx);`,
    to: `        if ((rendering.lastRequestedImageIdIndex ?? rendering.currentImageIdIndex) !== rendering.currentImageIdIndex) {
            return;
        }
        renderCPUImage(rendering);
        renderCompatibilityOverlayActors(ctx);`,
  },
  {
    why: 'the CPU renderer lets an unused WebGL canvas follow the size of its viewports',
    file: /core\/dist\/esm\/RenderingEngine\/ContextPoolRenderingEngine\.js$/,
    from: `        container.width = maxSize.width;
        container.height = maxSize.height;
        offscreenMultiRenderWindow.resize();
        offscreenMultiRenderWindow.addRenderer({`,
    to: `        container.width = maxSize.width;
        container.height = maxSize.height;
        if (!this.useCPURendering) {
            offscreenMultiRenderWindow.resize();
        }
        offscreenMultiRenderWindow.addRenderer({`,
  },
  {
    why: 'the same, when they change their size',
    file: /core\/dist\/esm\/RenderingEngine\/ContextPoolRenderingEngine\.js$/,
    from: `                container.width = maxSize.width;
                container.height = maxSize.height;
                offscreenMultiRenderWindow.resize();`,
    to: `                container.width = maxSize.width;
                container.height = maxSize.height;
                if (!this.useCPURendering) {
                    offscreenMultiRenderWindow.resize();
                }`,
  },
  {
    why: 'the same, when it is drawn',
    file: /core\/dist\/esm\/RenderingEngine\/ContextPoolRenderingEngine\.js$/,
    from: `        offScreenCanvasContainer.width = maxSize.width;
        offScreenCanvasContainer.height = maxSize.height;
        offscreenMultiRenderWindow.resize();`,
    to: `        offScreenCanvasContainer.width = maxSize.width;
        offScreenCanvasContainer.height = maxSize.height;
        if (!this.useCPURendering) {
            offscreenMultiRenderWindow.resize();
        }`,
  },
  {
    // a copy by message stays until the worker collects its garbage, which it hardly ever does: 300 KB for each frame that was decoded
    why: 'coded frames are copied to the decoding worker although they are given away',
    file: /core\/dist\/esm\/webWorkerManager\/webWorkerManager\.js$/,
    from: 'const results = await api[methodName](args, ...finalCallbacks);',
    to: `const given = args?.options?.transferPixelData ? Comlink.transfer(args, [args.pixelData.buffer]) : args;
                    const results = await api[methodName](given, ...finalCallbacks);`,
  },
];

/** Of what the decoding worker runs. */
const WORKER_CORRECTIONS: readonly Correction[] = [
  {
    why: 'the HTJ2K decoder of each frame is never given back: its memory grows until decoding fails',
    file: /dicom-image-loader\/dist\/esm\/shared\/decoders\/decodeHTJ2K\.js$/,
    from: '    pixelData = new pixelData.constructor(pixelDataArrayBuffer);',
    to: `    pixelData = new pixelData.constructor(pixelDataArrayBuffer);
    decoder.delete();`,
  },
  {
    why: 'each decoded frame is copied once for nothing',
    file: /dicom-image-loader\/dist\/esm\/shared\/decoders\/decodeHTJ2K\.js$/,
    from: `    const imageFrame = new Uint8Array(decodedBufferInWASM.length);
    imageFrame.set(decodedBufferInWASM);
`,
    to: '',
  },
];

/** Corrections that were made, in the page and in all workers of it. */
const applied = new Set<Correction>();

export const patchCornerstone = (): Plugin => ({
  ...correcting('patch-cornerstone', CORRECTIONS),
  generateBundle() {
    for (const correction of [...CORRECTIONS, ...WORKER_CORRECTIONS]) {
      if (!applied.has(correction)) this.error(`${correction.why}: the correction found no file`);
    }
  },
});

export const patchWorker = (): Plugin => correcting('patch-cornerstone-worker', WORKER_CORRECTIONS);

function correcting(name: string, all: readonly Correction[]): Plugin {
  return {
    name,
    enforce: 'pre',
    apply: 'build',
    transform(code, id) {
      const file = id.split('?')[0]!;
      const corrections = all.filter((c) => c.file.test(file));
      if (!corrections.length) return undefined;
      let corrected = code;
      for (const correction of corrections) {
        if (!corrected.includes(correction.from))
          this.error(`${correction.why}: the correction no longer fits ${file}`);
        applied.add(correction);
        corrected = corrected.replace(correction.from, correction.to);
      }
      return { code: corrected, map: null };
    },
  };
}

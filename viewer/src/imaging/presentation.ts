/** How one viewport shows its stack: window, inversion, turns, zoom. */
import type { PlanarViewport } from '@cornerstonejs/core';
import { numbers, numeric } from './dicom';
import { chooseCurve } from './drawing';
import { edgesOn } from './edges';
import { fullRange } from './fullrange';
import { LINEAR } from './luts';
import { type Preset, type Range, rangeOf } from './presets';
import { datasetAt, startsInverted } from './stack';
import { suvFactor } from './suv';
import type { ViewState } from './viewstate';

/** How a stack is shown when it is opened for the first time. */
export interface FirstLook {
  readonly range?: Range | undefined;
  readonly inverted?: boolean | undefined;
  readonly flipped?: boolean | undefined;
  /** The edge of the viewport that the picture lies against. */
  readonly against?: 'left' | 'right' | undefined;
}

/** What a presentation needs of its view. */
export interface Surface {
  readonly viewport: PlanarViewport | undefined;
  readonly displaySet: string;
  readonly element: HTMLDivElement;
  getState(): ViewState;
  update(patch: Partial<ViewState>): void;
}

export class Presentation {
  private readonly on: Surface;
  private look: FirstLook = {};

  constructor(on: Surface) {
    this.on = on;
  }

  private get state(): ViewState {
    return this.on.getState();
  }

  /** Whether low values are to be drawn bright: by the image's nature, or by the user's wish, not by both. */
  private drawnInverted(index: number): boolean {
    const { stack, inverted } = this.state;
    return stack !== null && startsInverted(stack, index) !== inverted;
  }

  /** A stack was put into the viewport: shows it at rest, in `range` where one is given. */
  begin(index: number, range: Range | undefined, look: FirstLook): void {
    const { viewport, displaySet } = this.on;
    this.look = look;
    chooseCurve(this.on.element, null);
    this.rest();
    viewport?.setDisplaySetPresentation(displaySet, {
      invert: this.drawnInverted(index),
      ...(range ? { voiRange: range } : {}),
    });
    viewport?.render();
    this.readRange();
  }

  /** Fitted, turned and placed as when it was opened. */
  private rest(): void {
    const { viewport } = this.on;
    viewport?.resetViewState();
    if (this.look.flipped) viewport?.setViewState({ flipHorizontal: true });
    this.lean();
  }

  /** Moves a fitted picture against the edge of the viewport that it belongs to; one that was zoomed stays where it is. */
  lean(): void {
    const { viewport, element } = this.on;
    const { stack, target } = this.state;
    const ds = this.look.against && stack && datasetAt(stack, target);
    if (!viewport || !ds || Math.abs(viewport.getZoom() - 1) > 0.01) return;
    const [down = 1, along = 1] = numbers(ds, 'PixelSpacing');
    const { clientWidth: width, clientHeight: height } = element;
    const shape = ((numeric(ds, 'Columns') ?? 0) * along) / ((numeric(ds, 'Rows') ?? 1) * down);
    const free = Math.max(0, width - height * shape) / 2;
    viewport.setPan([this.look.against === 'left' ? -free : free, 0]);
  }

  /** Another frame came onto the screen. */
  follow(index: number): void {
    const invert = this.drawnInverted(index);
    if (this.on.viewport?.getDisplaySetPresentation(this.on.displaySet)?.invert === invert) return; // draws each time
    this.on.viewport?.setDisplaySetPresentation(this.on.displaySet, { invert });
  }

  /** The window that the user chose, if one. */
  get chosenRange(): Range | undefined {
    return this.on.viewport?.getDisplaySetPresentation(this.on.displaySet)?.voiRange as Range | undefined;
  }

  private readRange(): void {
    const range = this.chosenRange ?? (this.on.viewport?.getDefaultVOIRange(this.on.displaySet) as Range | undefined);
    if (range) this.on.update({ range: { lower: range.lower, upper: range.upper } });
  }

  edges(index: number) {
    const { stack } = this.state;
    const ds = stack && datasetAt(stack, index);
    return ds && this.on.viewport ? edgesOn(this.on.viewport, ds) : null;
  }

  /** What the viewport's camera and defaults say, where it differs from what is known. */
  readCamera(): void {
    const { viewport, displaySet } = this.on;
    if (!viewport || this.state.shown < 0) return;
    const patch: Partial<ViewState> = {};
    const zoom = viewport.getZoom();
    if (Math.abs(zoom - this.state.zoom) > 0.001) patch.zoom = zoom;
    const edges = this.edges(this.state.shown);
    if (JSON.stringify(edges) !== JSON.stringify(this.state.edges)) patch.edges = edges;
    if (!this.chosenRange) {
      const range = viewport.getDefaultVOIRange(displaySet);
      const { range: known } = this.state;
      if (range && (range.lower !== known?.lower || range.upper !== known.upper)) {
        patch.range = { lower: range.lower, upper: range.upper };
      }
    }
    if (Object.keys(patch).length) this.on.update(patch);
  }

  setRange(range: Range): void {
    this.on.viewport?.setDisplaySetPresentation(this.on.displaySet, { voiRange: range });
    this.on.viewport?.render();
    this.readRange();
  }

  applyPreset(preset: Preset): void {
    if (this.state.shown < 0) return;
    if (preset.window) {
      chooseCurve(this.on.element, LINEAR);
      this.setRange(rangeOf(preset.window.width, preset.window.center));
    } else if (preset.suv) this.showUptake(preset.suv);
    else if (preset.name === 'full') {
      const frame = this.state.stack?.frames[this.state.shown];
      const range = frame && fullRange(frame.imageId);
      if (range) this.setRange(range);
    } else this.resetWindow();
  }

  /** From 0 to this SUVbw, high uptake dark; nothing where the SUV of the image cannot be known. */
  private showUptake(suv: number): void {
    const { stack, shown, inverted } = this.state;
    const ds = stack && datasetAt(stack, shown);
    const factor = ds ? suvFactor(ds) : null;
    if (factor === null) return;
    chooseCurve(this.on.element, LINEAR);
    this.setRange({ lower: 0, upper: suv / factor });
    if (!inverted) this.invert();
  }

  private resetWindow(): void {
    const { viewport, displaySet } = this.on;
    chooseCurve(this.on.element, null);
    viewport?.resetDisplaySetPresentation(displaySet);
    viewport?.setDisplaySetPresentation(displaySet, { visible: true, invert: this.drawnInverted(this.state.shown) });
    viewport?.render();
    this.readRange();
  }

  invert(): void {
    if (this.state.shown < 0) return;
    this.on.update({ inverted: !this.state.inverted });
    this.follow(this.state.shown);
    this.on.viewport?.render();
  }

  flip(): void {
    const { flipHorizontal = false } = this.on.viewport?.getViewState() ?? {};
    this.on.viewport?.setViewState({ flipHorizontal: !flipHorizontal });
  }

  rotate(): void {
    const { rotation = 0 } = this.on.viewport?.getViewState() ?? {};
    this.on.viewport?.setViewState({ rotation: (rotation + 90) % 360 });
  }

  zoomBy(factor: number): void {
    if (this.state.shown < 0 || !this.on.viewport) return;
    this.on.viewport.setZoom(Math.min(40, Math.max(0.1, this.on.viewport.getZoom() * factor)));
  }

  /** Position, zoom, turns, window and inversion as at the start. */
  reset(): void {
    const { stack, shown } = this.state;
    if (!stack || shown < 0) return;
    this.rest();
    this.on.update({ inverted: this.look.inverted ?? false });
    this.resetWindow();
  }
}

/** Least pixels of one notch of a mouse wheel; a touchpad sends many smaller movements. */
const NOTCH = 50;
/** Pixels that browsers give for one notch, about. */
const PIXELS_A_NOTCH = 110;

/** Turns wheel events into whole images: one for a notch of a mouse, one for each bit of travel on a touchpad. */
export class Wheel {
  private travelled = 0;

  /** Images to go forward (negative: back) for this event. */
  steps(event: Pick<WheelEvent, 'deltaY' | 'deltaMode'>): number {
    const { deltaY, deltaMode } = event;
    if (deltaY === 0) return 0;
    if (deltaMode !== 0 || Math.abs(deltaY) >= NOTCH) {
      this.travelled = 0;
      const notches = deltaMode === 0 ? Math.max(1, Math.round(Math.abs(deltaY) / PIXELS_A_NOTCH)) : 1;
      return Math.sign(deltaY) * notches;
    }
    this.travelled = Math.sign(deltaY) === Math.sign(this.travelled) ? this.travelled + deltaY : deltaY;
    const steps = Math.trunc(this.travelled / NOTCH);
    this.travelled -= steps * NOTCH;
    return steps || 0; // never -0
  }
}

/** Plays the frames of a stack at a rate: round and round, or to and fro. */

export interface Film {
  /** Whether the frame that was asked for last is on the screen. */
  settled(): boolean;
  /** The frame that was asked for last, and how many there are. */
  place(): { index: number; count: number };
  goTo(index: number): void;
  rate(): number;
  /** To and fro. */
  sweeps(): boolean;
}

/** The frame after `index`, and which way it goes on from there. Pure. */
export function nextFrame(
  index: number,
  count: number,
  sweeps: boolean,
  forward: boolean,
): { index: number; forward: boolean } {
  if (count < 2) return { index: 0, forward: true };
  if (!sweeps) return { index: (index + 1) % count, forward: true };
  if (forward && index >= count - 1) return { index: count - 2, forward: false };
  if (!forward && index <= 0) return { index: 1, forward: true };
  return { index: index + (forward ? 1 : -1), forward };
}

export class Player {
  private readonly film: Film;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private forward = true;

  constructor(film: Film) {
    this.film = film;
  }

  get playing(): boolean {
    return this.timer !== undefined;
  }

  play(): void {
    const step = () => {
      // waits for what is still on its way rather than skipping it
      if (this.film.settled()) this.advance();
      this.timer = setTimeout(step, 1000 / this.film.rate());
    };
    clearTimeout(this.timer);
    step();
  }

  private advance(): void {
    const { index, count } = this.film.place();
    const next = nextFrame(index, count, this.film.sweeps(), this.forward);
    this.forward = next.forward;
    this.film.goTo(next.index);
  }

  pause(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

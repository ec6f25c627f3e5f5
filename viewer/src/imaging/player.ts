/** Plays the frames of a stack at a rate. */

interface Film {
  /** Whether the frame that was asked for last is on the screen. */
  settled(): boolean;
  /** The next frame. */
  advance(): void;
  rate(): number;
}

export class Player {
  private readonly film: Film;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(film: Film) {
    this.film = film;
  }

  get playing(): boolean {
    return this.timer !== undefined;
  }

  play(): void {
    const step = () => {
      // waits for what is still on its way rather than skipping it
      if (this.film.settled()) this.film.advance();
      this.timer = setTimeout(step, 1000 / this.film.rate());
    };
    clearTimeout(this.timer);
    step();
  }

  pause(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

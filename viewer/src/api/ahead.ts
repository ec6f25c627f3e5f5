/** What is fetched ahead shares the line: the viewer's code goes first, since without it no image can be shown. */
let code: Promise<unknown> = Promise.resolve();

/** The viewer's code is on its way. */
export function expectCode(coming: Promise<unknown>): void {
  code = coming.catch(() => undefined);
}

/** Resolves when the viewer's code is here, or is not coming. */
export const codeIsHere = (): Promise<unknown> => code;

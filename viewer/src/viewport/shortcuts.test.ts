import { afterEach, describe, expect, it } from 'vitest';
import { commandOf } from './shortcuts';

function pressed(key: string, on: Element = document.body, more: KeyboardEventInit = {}): KeyboardEvent {
  let seen: KeyboardEvent | undefined;
  const listener = (event: Event) => {
    seen = event as KeyboardEvent;
  };
  window.addEventListener('keydown', listener, { once: true, capture: true });
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }));
  return seen!;
}

const put = (html: string): Element => {
  document.body.innerHTML = html;
  return document.body.querySelector('[data-here]')!;
};

describe('keys', () => {
  afterEach(() => {
    document.body.innerHTML = '';
  });

  it('command the image', () => {
    expect(commandOf(pressed('ArrowDown'))).toEqual({ do: 'scroll', steps: 1 });
    expect(commandOf(pressed('PageUp'))).toEqual({ do: 'scroll', steps: -10 });
    expect(commandOf(pressed('5'))).toEqual({ do: 'preset', number: 5 });
    expect(commandOf(pressed('K'))).toEqual({ do: 'key-image' });
  });

  it('are only letters while someone writes', () => {
    for (const html of [
      '<textarea data-here></textarea>',
      '<input data-here>',
      '<p contenteditable="true"><b data-here></b></p>',
    ]) {
      const place = put(html);
      for (const key of ['k', 'n', '1', ' ', 'ArrowDown', 'Delete'])
        expect(commandOf(pressed(key, place))).toBeUndefined();
    }
  });

  it('rest while a dialog or a menu is open', () => {
    expect(commandOf(pressed('n', put('<div role="dialog"><button data-here></button></div>')))).toBeUndefined();
    expect(commandOf(pressed('1', put('<div role="menu"><button data-here></button></div>')))).toBeUndefined();
  });

  it('leave the browser its own', () => {
    expect(commandOf(pressed('r', document.body, { ctrlKey: true }))).toBeUndefined();
    expect(commandOf(pressed('p', document.body, { metaKey: true }))).toBeUndefined();
    expect(commandOf(pressed('Tab'))).toBeUndefined();
  });

  it('press a button with space instead of playing', () => {
    expect(commandOf(pressed(' ', put('<button data-here></button>')))).toBeUndefined();
    expect(commandOf(pressed(' '))).toEqual({ do: 'play' });
  });
});

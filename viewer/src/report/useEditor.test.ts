import { renderHook } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { useEditor } from './useEditor';

const anEditor = () => ({ focus: vi.fn(), insert: vi.fn(), append: vi.fn() });

it('who asks to write before the editor is there gets it when it is, once, and not much later', () => {
  vi.useFakeTimers();
  const { current: editor } = renderHook(() => useEditor()).result;
  const [first, second, third] = [anEditor(), anEditor(), anEditor()];
  editor.write();
  editor.current = first;
  expect(first.focus).toHaveBeenCalledTimes(1);
  editor.current = second;
  expect(second.focus).not.toHaveBeenCalled();
  editor.write();
  expect(second.focus).toHaveBeenCalledTimes(1);
  editor.current = null;
  editor.write();
  vi.advanceTimersByTime(10_000);
  editor.current = third;
  expect(third.focus).not.toHaveBeenCalled();
  vi.useRealTimers();
});

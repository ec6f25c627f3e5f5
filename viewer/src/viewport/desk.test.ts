import { expect, it, vi } from 'vitest';
import { joinDesk, type Message, openSecondWindow } from './desk';

it('windows of a desk hear each other, not themselves, and not what they do not understand', async () => {
  const heard: Message[] = [];
  const own: Message[] = [];
  const second = joinDesk((message) => heard.push(message));
  const first = joinDesk((message) => own.push(message));
  const stranger = new BroadcastChannel('lientuyen-desk');
  first.say({ kind: 'study', study: '1.2' });
  stranger.postMessage({ kind: 'something-else' });
  stranger.postMessage(null);
  await vi.waitFor(() => expect(heard).toEqual([{ kind: 'study', study: '1.2' }]), 15_000);
  expect(own).toEqual([]);
  for (const one of [first, second, stranger]) one.close();
});

it('the second window opens on the other screen where the browser tells of it', async () => {
  const open = vi.fn((..._: unknown[]) => ({}) as Window);
  vi.stubGlobal('open', open);
  await openSecondWindow('1.2');
  expect(open).toHaveBeenLastCalledWith('/studies/1.2/images?follow=1', 'lientuyen-desk', 'popup');
  const here = { availLeft: 0, availTop: 0, availWidth: 800, availHeight: 600 };
  const there = { availLeft: 800, availTop: 0, availWidth: 1200, availHeight: 1600 };
  vi.stubGlobal('getScreenDetails', async () => ({ currentScreen: here, screens: [here, there] }));
  await openSecondWindow('1.2');
  expect(open.mock.lastCall?.[2]).toBe('popup,left=800,top=0,width=1200,height=1600');
  vi.stubGlobal('getScreenDetails', async () => Promise.reject(new Error('denied')));
  open.mockReturnValueOnce(null as never);
  expect(await openSecondWindow('1.2')).toBe(false);
  vi.unstubAllGlobals();
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from './en';
import vi from './vi';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text);
  }
  return found;
}

const vietnamese = flat(vi);
const english = flat(en);
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

const root = join(import.meta.dirname, '..');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.') && !name.endsWith('.d.ts'))
  .map((name) => readFileSync(join(root, name), 'utf8'));

describe('the catalogues', () => {
  it('have the same keys in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...vietnamese.keys()].sort());
  });

  it('leave no text empty', () => {
    const empty = [...vietnamese, ...english].filter(([, text]) => !text.trim()).map(([key]) => key);
    expect(empty).toEqual([]);
  });

  it('name the same values in both languages', () => {
    for (const [key, text] of vietnamese)
      expect([key, placeholders(english.get(key) ?? '')]).toEqual([key, placeholders(text)]);
  });

  it('are in composed letters', () => {
    for (const text of vietnamese.values()) expect(text).toBe(text.normalize('NFC'));
  });

  it('have every key that the application asks for by name', () => {
    const asked = sources.flatMap((source) => [...source.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => match[1]!));
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((key) => !vietnamese.has(key))).toEqual([]);
  });

  it('have texts for every key that is put together', () => {
    const patterns = sources.flatMap((source) => [...source.matchAll(/\bt\(\s*`([^`]+)`/g)].map((match) => match[1]!));
    expect(patterns.length).toBeGreaterThan(10);
    const missing = patterns.filter((pattern) => {
      const shape = new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\$\{[^}]*\}/g, '[^.]+')}$`);
      return ![...vietnamese.keys()].some((key) => shape.test(key));
    });
    expect(missing).toEqual([]);
  });

  it('hold no text that nothing asks for', () => {
    const whole = sources.join('\n');
    const literals = new Set([...whole.matchAll(/['"`]([\w.-]+)['"`]/g)].map((match) => match[1]!));
    const patterns = [...whole.matchAll(/`([\w.-]+\.)\$\{/g)].map((match) => match[1]!);
    const choices = [...whole.matchAll(/'([\w-]+\.[\w.-]+)'/g)].map((match) => match[1]!);
    const unused = [...vietnamese.keys()].filter(
      (key) => !literals.has(key) && !choices.includes(key) && !patterns.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });
});

/** What the editor writes: the report's text, and what in it is linked to images and fields. Pure. */
import type { Link, Report } from '../api/types';

export interface Written extends Report {
  links: Link[];
}

export const SECTIONS = ['technique', 'comparison', 'findings', 'conclusion', 'recommendation', 'limitations'] as const;
export type Section = (typeof SECTIONS)[number];
export const MAX_LENGTH = 20_000;

export const EMPTY_REPORT: Written = {
  technique: '',
  findings: '',
  conclusion: '',
  recommendation: '',
  key_images: [],
  language: 'vi',
  comparison: '',
  limitations: '',
  answers: [],
  template: '',
  fields: {},
  links: [],
};

/** The text of an answer's section is found by `answer.` and its number from 0. */
export const answerSection = (index: number) => `answer.${index}`;

export const textOf = (written: Written, section: string): string => {
  const number = /^answer\.(\d+)$/.exec(section)?.[1];
  if (number !== undefined) return written.answers[Number(number)]?.answer ?? '';
  return written[section as Section] ?? '';
};

/** The report with another text in one section. */
export function withText(written: Written, section: string, text: string): Partial<Written> {
  const number = /^answer\.(\d+)$/.exec(section)?.[1];
  if (number === undefined) return { [section]: text };
  return {
    answers: written.answers.map((answer, index) => (index === Number(number) ? { ...answer, answer: text } : answer)),
  };
}

const plain = (text: string) => text.normalize('NFC').replace(/\r\n/g, '\n');

/** One form for texts that are the same: composed letters, no order in fields and links. */
function canonical(written: Written): string {
  const { fields, links, answers, key_images, ...rest } = { ...EMPTY_REPORT, ...written };
  const texts = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  return plain(
    JSON.stringify([
      texts,
      Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)),
      links.map(({ section, start, end, kind, id }) => [section, start, end, kind, id]),
      answers.map(({ question, answer }) => [question, answer]),
      [...new Set(key_images)],
    ]),
  );
}

export const same = (a: Written, b: Written): boolean => canonical(a) === canonical(b);

/** Nobody has written, chosen or marked anything yet. */
export const isBlank = (written: Written): boolean =>
  SECTIONS.every((name) => !written[name]?.trim()) &&
  written.answers.every(({ answer }) => !answer.trim()) &&
  written.key_images.length === 0;

export const isEmpty = (written: Written): boolean => same({ ...written, language: 'vi' }, EMPTY_REPORT);

/** The questions of a consultation beside the answers that are there already. */
export function withQuestions(written: Written, questions: readonly string[]): Written {
  const known = new Set(written.answers.map((answer) => answer.question));
  const more = questions.filter((question) => !known.has(question)).map((question) => ({ question, answer: '' }));
  return more.length ? { ...written, answers: [...written.answers, ...more] } : written;
}

/** What two hospitals say to each other about a study, by the names that this side uses. */
import type { Schemas } from '../api/schema';

export type LetterKind = Schemas['LetterKind'];
export type Agreement = Exclude<Schemas['Task']['accepted'], 'none'>;
export type RepeatReason = Schemas['Rejection']['reason'];
/** Why images must be made again, the usual ones first. */
export const REASONS = [
  'motion',
  'positioning',
  'exposure',
  'incomplete',
  'artefact',
  'wrong-study',
  'other',
] as const satisfies readonly RepeatReason[];

export type Finding = Schemas['Finding'];
export type Category = Finding['category'];
export type Channel = Exclude<Finding['channel'], ''>;

/** The parts of all kinds; which of them a letter has follows from its kind. By hand: a newer node may say more. */
export interface LetterBody {
  text?: string;
  summary?: string;
  questions?: string[];
  urgent?: boolean;
  blocking?: boolean;
  reason?: string;
  repeated?: boolean;
  category?: Category;
  due_at?: string;
  name?: string;
  role?: string;
  read_back?: boolean;
  told?: boolean;
  noted_by?: string;
  channel?: Channel;
  accepted?: Agreement;
  report?: string;
  diagnosis?: string;
  course?: string;
  agrees?: Agreement;
}

/** A kind that only a newer node knows is shown as a note. */
export type Letter = Omit<Schemas['Letter'], 'kind' | 'body'> & { kind: LetterKind; body: LetterBody };
export type Thread = Omit<Schemas['Thread'], 'items'> & { items: Letter[] };
